package actors

import (
	"context"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// Group is a named set of clients. What is pushed to it is encoded once for each kind
// of client, and reaches all who are members when the push arrives at their batcher.
// Context.Group and the running server give one; it costs nothing, and the group
// itself exists while it has members or is kept.
type Group struct {
	node  *node
	to    audience
	lanes []lane // of the handler that uses it; nil elsewhere
}

// Join adds the client behind the socket's PID. Joining twice is joining once.
func (g Group) Join(socket *actor.PID) {
	if b := g.node.batcherOf(socket); b != nil && !g.to.all {
		g.node.root.Send(b.pid, &join{g.to.name, socket, g.lane(b)})
	}
}

// Leave removes the client. A client that disconnects leaves all its groups.
func (g Group) Leave(socket *actor.PID) {
	if b := g.node.batcherOf(socket); b != nil && !g.to.all {
		g.node.root.Send(b.pid, &leave{g.to.name, socket, g.lane(b)})
	}
}

// Keep says whether the group lives on when its last member leaves.
func (g Group) Keep(kept bool) {
	for _, b := range g.node.batchers {
		if !g.to.all {
			g.node.root.Send(b.pid, &keep{g.to.name, kept, g.lane(b)})
		}
	}
}

// Except is the group without some clients. Joining and leaving do not heed it.
func (g Group) Except(sockets ...*actor.PID) Group {
	g.to.except = append(slices.Clip(g.to.except), sockets...)
	return g
}

// Where is the part of the group whose sessions yes says yes to. It runs in the batchers, for every
// member and every push: it must be quick, and must not block.
func (g Group) Where(yes func(*messages.Session) bool) Group {
	g.to.where = append(slices.Clip(g.to.where), yes)
	return g
}

// Bound is the part of the group that is bound to users.
func (g Group) Bound() Group {
	return g.Where(func(s *messages.Session) bool { return s.Uid != "" })
}

// Push sends v, as JSON, to all who are meant, on the next tick. It fails when v has no
// JSON form.
func (g Group) Push(route string, v any) error { return g.PushKey("", route, v) }

// PushKey is Push of something of which only the newest counts, a position for example:
// while it waits, the next one pushed to the group with the same key replaces it.
func (g Group) PushKey(key, route string, v any) error {
	p, err := jsonPush(key, route, v)
	if err == nil {
		g.Send(p)
	}
	return err
}

// Send pushes p, which must not be changed any more, to all who are meant.
func (g Group) Send(p *messages.Push) {
	c := &cell{log: g.node.log, push: p}
	for _, b := range g.node.batchers {
		g.node.root.Send(b.pid, &broadcast{g.to, c, g.lane(b)})
	}
}

// Members asks the batchers for the sessions of those who are meant and ready, and
// waits for their answers. What the same handler has done to the group before is in it.
func (g Group) Members(ctx context.Context) ([]*messages.Session, error) {
	reply := make(chan []*link, len(g.node.batchers))
	for _, b := range g.node.batchers {
		g.node.root.Send(b.pid, &ask{g.to, reply, g.lane(b)})
	}
	var sessions []*messages.Session
	for range g.node.batchers {
		select {
		case links := <-reply:
			for _, l := range links {
				sessions = append(sessions, l.session.Load())
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return sessions, nil
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
		n.root.Send(b.pid, &list{reply})
	}
	var names []string
	for range n.batchers {
		select {
		case some := <-reply:
			names = append(names, some...)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
