package actors

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// HostConfig says which virtual actors a Host keeps.
type HostConfig struct {
	// Handlers makes the handlers of an identity: those of a route, whose prefix is that of the requests.
	// Context.Identity says who one is. Panics do what they do in PerSession; Actors is one.
	Handlers func(identity string) *Handlers
	// Props are those of actors of the user's, in place of Handlers. They get a bounded mailbox; HostIdentity
	// of their PID says who one is. A request that one panics with is answered with code 500, then the engine's default
	// strategy decides.
	Props *actor.Props
	// Owns says whose an identity is at this moment. It must not block.
	Owns func(identity string) Ownership
	// Most is how many actors there may be; requests for more are answered with code 503. Zero means 100,000.
	Most int
	// Idle is when an actor is stopped that is sent nothing: after so long, or a quarter more. Zero means never.
	Idle time.Duration
	// Waiting is how many requests may wait for Owns to know, or for an actor to stop; more are
	// answered with code 502, as are those that have waited for 3 s. Zero means 65,536.
	Waiting int
}

// Ownership is whose a virtual actor is. The zero value: that is about to be decided, wait. While nodes
// agree on a new view an identity that stays here should stay Mine: Host.Moved stops what is not.
type Ownership struct {
	Mine    bool
	Address string // of the node whose it is
}

const (
	hostShards   = 16
	hostMost     = 100_000
	hostWaiting  = 65_536
	hostPatience = 3 * time.Second
	hostHops     = 3 // nodes that may send a request on
	hostPrefix   = "fairlead-kind/"
)

// HostShard is the number of the actor that sees to an identity, the same on each node.
func HostShard(identity string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(identity))
	return int(h.Sum32() % hostShards)
}

// HostName is the name of a shard's actor: with the owner's address it makes the PID to send requests to.
func HostName(kind string, shard int) string {
	return hostPrefix + kind + "/" + strconv.Itoa(shard)
}

// HostIdentity is whom the PID of a virtual actor stands for, or empty.
func HostIdentity(pid *actor.PID) (identity string) {
	_, identity = hostPlace(pid)
	return identity
}

// hostPlace is the name of the shard a virtual actor belongs to, and its identity. Both are empty for what is none.
func hostPlace(pid *actor.PID) (shard, identity string) {
	rest, ok := strings.CutPrefix(pid.GetId(), hostPrefix)
	at := strings.IndexByte(rest, '/')
	next := strings.IndexByte(rest[at+1:], '/')
	if at += len(hostPrefix) + 1 + next; !ok || next < 0 {
		return "", ""
	}
	return pid.Id[:at], pid.Id[at+1:]
}

// Host keeps the virtual actors of one kind whose node this is. Each is made when it is first asked, and
// there is never a second one before it has stopped.
type Host struct {
	HostConfig
	node   *node
	kind   string
	shards []*hostShard

	actors  atomic.Int64
	waiting atomic.Int64
	ending  atomic.Bool
	live    sync.WaitGroup // shards
}

// ErrElsewhere is what Host.PID returns for an identity of another node's.
var ErrElsewhere = errors.New("actors: the virtual actor is another node's")

// hosts are those of a tree.
type hosts struct {
	mu    sync.RWMutex
	all   []*Host
	ended bool
}

// Host begins to keep virtual actors of a kind.
func (r *Running) Host(kind string, c HostConfig) (*Host, error) {
	if kind == "" || strings.Contains(kind, "/") || (c.Handlers == nil) == (c.Props == nil) || c.Owns == nil {
		return nil, fmt.Errorf("actors: host %q: want a kind without slashes, Owns, and one of Handlers and Props", kind)
	}
	or(&c.Most, hostMost)
	or(&c.Waiting, hostWaiting)
	n := r.node
	n.hosts.mu.Lock()
	defer n.hosts.mu.Unlock()
	if n.hosts.ended {
		return nil, ErrStopping
	}
	h := &Host{HostConfig: c, node: n, kind: kind}
	for k := range hostShards {
		s := newHostShard(h, HostName(kind, k))
		if err := s.spawn(); err != nil {
			h.end()
			return nil, fmt.Errorf("actors: host %q: %w", kind, err)
		}
		h.live.Add(1)
		h.shards = append(h.shards, s)
	}
	n.hosts.all = append(n.hosts.all, h)
	return h, nil
}

// PID is the actor of an identity, which is made if it is not there. Anybody may send it messages; those
// that are no requests are lost when it stops. With ErrElsewhere it is another node's.
func (h *Host) PID(ctx context.Context, identity string) (*actor.PID, error) {
	reply := make(chan tenancy, 1)
	h.node.root.Send(h.shards[HostShard(identity)].pid, &lookup{identity, reply})
	select {
	case t := <-reply:
		return t.pid, t.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-h.node.over:
		return nil, ErrStopping
	}
}

// Actors is how many there are.
func (h *Host) Actors() int { return int(h.actors.Load()) }

// Moved stops all actors whose identity Owns does not say is Mine any more, and returns when they have
// stopped. What they had yet to handle, and what has waited, goes to where Owns says then.
func (h *Host) Moved(ctx context.Context) error { return h.clear(ctx, false) }

// StopAll stops all actors, and returns when they have stopped. What waits is answered with code 502.
func (h *Host) StopAll(ctx context.Context) error { return h.clear(ctx, true) }

func (h *Host) clear(ctx context.Context, all bool) error {
	reply := make(chan struct{}, len(h.shards))
	for _, s := range h.shards {
		h.node.root.Send(s.pid, &clearance{all: all, reply: reply})
	}
	for range h.shards {
		select {
		case <-reply:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-h.node.over:
			return ErrStopping
		}
	}
	return nil
}

// end stops the shards, and so all actors.
func (h *Host) end() {
	h.ending.Store(true)
	for _, s := range h.shards {
		h.node.root.Stop(s.pid)
	}
	h.live.Wait()
}

// end stops all hosts.
func (h *hosts) end() {
	h.mu.Lock()
	h.ended = true
	all := h.all
	h.mu.Unlock()
	for _, host := range all {
		host.end()
	}
}

// shardOf is the shard whose virtual actor has that PID, or nil.
func (h *hosts) shardOf(pid *actor.PID) *hostShard {
	name, _ := hostPlace(pid)
	if name == "" {
		return nil
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, host := range h.all {
		for _, s := range host.shards {
			if s.name == name {
				return s
			}
		}
	}
	return nil
}
