package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

// Group is a named set of clients. What is pushed to it is encoded once for each kind
// of client, and reaches all who are members when the push arrives at their batcher.
// Context.Group and the running server give one; it costs nothing, and the group
// itself exists while it has members or is kept.
//
// In a cluster members may be on any node, unless it is Local.
type Group struct {
	node  *node
	to    audience
	lanes []lane // of the handler that uses it; nil elsewhere
	local bool
}

// Local is the part of the group whose members are on this node.
func (g Group) Local() Group {
	g.local = true
	return g
}

// isWide tells whether there is more to it than what is on this node.
func (g Group) isWide() bool { return g.node.Cluster != nil && !g.local }

// Join adds the client behind the socket's PID. Joining twice is joining once.
func (g Group) Join(socket *actor.PID) {
	if g.node.isAway(socket) && !g.to.all {
		g.node.Cluster.Join(g.to.name, socket)
	} else if b := g.node.batcherOf(socket); b != nil && !g.to.all {
		b.post(&join{g.to.name, socket, g.lane(b)})
	}
}

// Leave removes the client. A client that disconnects leaves all its groups.
func (g Group) Leave(socket *actor.PID) {
	if g.node.isAway(socket) && !g.to.all {
		g.node.Cluster.Leave(g.to.name, socket)
	} else if b := g.node.batcherOf(socket); b != nil && !g.to.all {
		b.post(&leave{g.to.name, socket, g.lane(b)})
	}
}

// Keep says whether the group lives on, on this node, when its last member leaves.
func (g Group) Keep(kept bool) {
	for _, b := range g.node.batchers {
		if !g.to.all {
			b.post(&keep{g.to.name, kept, g.lane(b)})
		}
	}
}

// Except is the group without some clients. Joining and leaving do not heed it.
func (g Group) Except(sockets ...*actor.PID) Group {
	g.to.except = append(slices.Clip(g.to.except), sockets...)
	return g
}

// Where is the part of the group whose sessions yes says yes to. It runs in the batchers, for every
// member and every push: it must be quick, and must not block. It does not travel: in a cluster only a
// Local group can be pushed to with it.
func (g Group) Where(yes func(*messages.Session) bool) Group {
	g.to.where = append(slices.Clip(g.to.where), yes)
	return g
}

// Bound is the part of the group that is bound to users.
func (g Group) Bound() Group {
	g.to.bound = true
	return g
}

// Push sends v, as JSON, to all who are meant, on the next tick. It fails when v has no
// JSON form, and with ErrGroupBusy.
func (g Group) Push(route string, v any) error { return g.send(&messages.Push{Route: route}, v) }

// PushKey is Push of something of which only the newest counts, a position for example:
// while it waits, the next one pushed to the group with the same key replaces it.
func (g Group) PushKey(key, route string, v any) error {
	return g.send(&messages.Push{Route: route, Key: key}, v)
}

// PushLossy is Push of something that may be dropped on its way to a client for whom too much
// waits, the oldest first: telemetry, a flood of chat.
func (g Group) PushLossy(route string, v any) error {
	return g.send(&messages.Push{Route: route, Lossy: true}, v)
}

func (g Group) send(p *messages.Push, v any) (err error) {
	if p.Body, err = body.JSON(v); err != nil {
		return fmt.Errorf("push %s: %w", p.Route, err)
	}
	return g.Send(p)
}

// ErrGroupBusy refuses a group push, to all members: Limits.GroupQueue others wait already. Who
// pushes should push less, or later.
var ErrGroupBusy = errors.New("actors: too many group pushes wait")

// ErrFilterStays refuses a push to a group with a Where filter, in a cluster: other nodes do not know
// it. Nobody gets it. Local groups may have filters, and Bound and Except travel.
var ErrFilterStays = errors.New("actors: a filter cannot travel to other nodes")

// Send pushes p, which must not be changed any more, to all who are meant. In a cluster other nodes push it to
// theirs, behind what the same sender has pushed to groups before; what it sends to single clients of
// theirs goes another way, and may be earlier or later.
func (g Group) Send(p *messages.Push) error {
	if g.isWide() && len(g.to.where) > 0 {
		return ErrFilterStays
	}
	if slices.ContainsFunc(g.node.batchers, (*batcher).full) {
		g.node.fault(messages.FaultGroupBusy, scene{route: p.Route})
		return ErrGroupBusy
	}
	c := &cell{node: g.node, push: p}
	for _, b := range g.node.batchers {
		b.post(&broadcast{g.to, c, g.lane(b)})
	}
	if g.isWide() {
		return g.node.Cluster.Fanout(g.to.message(), p)
	}
	return nil
}

// Members asks the batchers for the sessions of those who are meant and ready, and
// waits for their answers. What the same handler has done to the group before is in it. In a cluster it asks
// the other nodes as well.
func (g Group) Members(ctx context.Context) ([]*messages.Session, error) {
	reply := make(chan []*link, len(g.node.batchers))
	for _, b := range g.node.batchers {
		b.post(&ask{g.to, reply, g.lane(b)})
	}
	var sessions []*messages.Session
	for range g.node.batchers {
		select {
		case links := <-reply:
			for _, l := range links {
				sessions = append(sessions, l.who())
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-g.node.over:
			return nil, ErrStopping
		}
	}
	if !g.isWide() {
		return sessions, nil
	}
	others, err := g.node.Cluster.Members(ctx, g.to.message())
	for _, s := range others {
		if g.to.passes(g.node, s) {
			sessions = append(sessions, s)
		}
	}
	return sessions, err
}

// Size is how many members are meant and ready; see Members.
func (g Group) Size(ctx context.Context) (int, error) {
	s, err := g.Members(ctx)
	return len(s), err
}

func (g Group) lane(b *batcher) *lane {
	if g.lanes == nil {
		return nil
	}
	return g.lanes[b.k].enter()
}

// groups asks all batchers for the names of their groups.
func (n *node) groups(ctx context.Context) ([]string, error) {
	reply := make(chan []string, len(n.batchers))
	for _, b := range n.batchers {
		b.post(&list{reply})
	}
	var names []string
	for range n.batchers {
		select {
		case some := <-reply:
			names = append(names, some...)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-n.over:
			return nil, ErrStopping
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
