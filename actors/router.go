package actors

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// Route says who answers for all names under a prefix of dotted parts: "chat"
// for chat.room.say, "" for what nobody else answers. The longest prefix wins. *Handlers is a
// Route; PerSession, RoutePID, RouteFunc and Elsewhere make others.
type Route interface {
	// Prefix is what the names that the route answers begin with.
	Prefix() string
	// target is what the router needs to know, once the tree runs.
	target() *target
	// check reports a mistake in how the route was made.
	check() error
}

// target is where requests go: to one of pids, chosen by the session, or to
// whom pick or find says. ours: actors that tell when a notify has been handled.
type target struct {
	pids  []*actor.PID
	desks []*desk // of pids, where they are known
	ours  bool
	pick  func(*messages.Session, string) *actor.PID
	find  func(*messages.Request) (Away, error)
	// waiting counts the requests that actors of the user's have not answered. Our own
	// have a bound in their mailboxes.
	waiting atomic.Int64
}

// enter counts a request in, unless most are in. A nil target counts nothing.
func (t *target) enter(most int) bool {
	if t == nil {
		return true
	}
	if t.waiting.Add(1) <= int64(most) {
		return true
	}
	t.waiting.Add(-1)
	return false
}

// leave counts it out.
func (t *target) leave() {
	if t != nil {
		t.waiting.Add(-1)
	}
}

// RouteFunc lets pick choose the actor for each request: by player, by shard, on another
// node. It runs on the client's reader and must not block; nil means that nobody answers.
func RouteFunc(prefix string, pick func(s *messages.Session, route string) *actor.PID) Route {
	return route{prefix: prefix, pick: pick}
}

// RoutePID sends requests to an actor of the user's. It handles *messages.Request,
// and answers with ctx.Respond(req.Reply(body)) or ctx.Respond(req.Fail(err)).
func RoutePID(prefix string, pid *actor.PID) Route {
	return route{prefix: prefix, pid: pid}
}

type route struct {
	prefix string
	pid    *actor.PID
	pick   func(*messages.Session, string) *actor.PID
}

func (r route) Prefix() string { return r.prefix }

func (r route) target() *target { return &target{pids: []*actor.PID{r.pid}, pick: r.pick} }

func (r route) check() error {
	if r.pid == nil && r.pick == nil {
		return fmt.Errorf("route %q: PID or function is nil", r.prefix)
	}
	return nil
}

// router is the table between route names and targets. It never changes.
type router struct {
	table map[string]*target
	seed  maphash.Seed
}

// find resolves a name: the longest registered prefix of its dotted parts. Nil means that
// nobody answers.
func (r *router) find(name string) *target {
	for prefix := name; ; {
		if t := r.table[prefix]; t != nil {
			return t
		}
		if prefix == "" {
			return nil
		}
		prefix = prefix[:max(0, strings.LastIndexByte(prefix, '.'))]
	}
}

// choose spreads sessions over the actors of a target.
func (r *router) choose(t *target, s *messages.Session) (at int) {
	if len(t.pids) == 1 {
		return 0
	}
	return int(maphash.String(r.seed, s.Id) % uint64(len(t.pids)))
}
