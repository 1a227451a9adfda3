package actors

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// batcher is the handle of a batcher actor. There is one for each core; a
// socket belongs to one for life. Its queue and its groups are not the actor's, so that they
// outlive it: a fresh actor goes on where the old one was stopped.
type batcher struct {
	k    int
	node *node
	pid  *actor.PID
	// clock rings the alarms of its sockets.
	clock clock

	// The actor's.
	all    group // all its sockets
	groups map[string]*group

	// mu, not the mailbox: senders must learn whether there is room.
	mu     sync.Mutex
	queue  ring[any]
	pushes int  // of these, group pushes
	woken  bool // the actor has been, or is about to be, told that there is work
}

func newBatcher(n *node, k int) *batcher {
	return &batcher{k: k, node: n, clock: clock{node: n, ring: (*link).ring}, all: group{scope: "all"}, groups: map[string]*group{}}
}

// work tells a batcher's actor that its queue is not empty.
type work struct{}

// post queues a message for the batcher's actor.
func (b *batcher) post(msg any) {
	b.mu.Lock()
	b.queue.push(msg)
	if _, ok := msg.(*broadcast); ok {
		b.pushes++
	}
	wake := !b.woken
	b.woken = true
	b.mu.Unlock()
	if wake {
		b.node.root.Send(b.pid, &work{})
	}
}

// full tells whether no more group pushes should be posted.
func (b *batcher) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pushes >= b.node.GroupQueue
}

// next takes the message that is due. When there is none the actor may rest.
func (b *batcher) next() (msg any, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.queue.n == 0 {
		b.woken = false
		return nil, false
	}
	msg = b.queue.pop()
	if _, ok := msg.(*broadcast); ok {
		b.pushes--
	}
	return msg, true
}

// batcherBurst is how many messages a batcher handles before others have their turn.
const batcherBurst = 300

// batcherActor does what its batcher is asked: it alone touches the group members among
// its sockets, and wakes the writers of those whose pushes have waited for a tick.
type batcherActor struct{ *batcher }

func (b batcherActor) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started, *work: // what waited for an actor that was stopped is not forgotten
		for range batcherBurst {
			msg, ok := b.next()
			if !ok {
				return
			}
			b.try(msg)
		}
		ctx.Send(ctx.Self(), &work{})
	}
}

// try handles one message. If that panics it is dropped, and the next one has its turn.
func (b *batcher) try(msg any) {
	if err := safely(func() error { b.handle(msg); return nil }); err != nil {
		if b.node.fault(messages.FaultBatcher, scene{what: err}) {
			b.node.log.Error("panic in a batcher", "message", fmt.Sprintf("%T", msg), "error", err)
		}
	}
}

// What a batcher is sent.
type (
	linkOpened struct{ link *link }
	linkClosed struct{ link *link }
	join       struct {
		group string
		pid   *actor.PID
		via   *lane
	}
	leave struct {
		group string
		pid   *actor.PID
		via   *lane
	}
	// keep says whether a group is to exist without members.
	keep struct {
		group string
		kept  bool
		via   *lane
	}
	// broadcast pushes to a group; every batcher gets the same one but for its lane.
	broadcast struct {
		to   audience
		cell *cell
		via  *lane
	}
	// ask wants to know who is in a group.
	ask struct {
		to    audience
		reply chan<- []*link
		via   *lane
	}
	// list wants to know which groups there are.
	list struct{ reply chan<- []string }
	// deliver is a message to one socket that must not overtake the group
	// pushes its sender made before.
	deliver struct {
		link *link
		msg  any
		via  *lane
	}
	flush struct{ list *waiting }
)

func (b *batcher) handle(msg any) {
	switch m := msg.(type) {
	case *linkOpened:
		b.all.add(m.link)
	case *linkClosed:
		for n := len(m.link.seats); n > 0; n = len(m.link.seats) {
			b.removeFrom(m.link.seats[n-1].group, m.link)
		}
	case *join:
		defer m.via.leave()
		b.join(m)
	case *leave:
		defer m.via.leave()
		if l, g := b.node.linkOf(m.pid), b.groups[m.group]; l != nil && g != nil {
			b.removeFrom(g, l)
		}
	case *keep:
		defer m.via.leave()
		b.keep(m)
	case *broadcast:
		defer m.via.leave()
		if g := b.group(m.to); g != nil {
			g.push(m.cell, m.to)
		}
	case *ask:
		defer m.via.leave()
		m.reply <- b.group(m.to).those(m.to)
	case *list:
		m.reply <- slices.Collect(maps.Keys(b.groups))
	case *deliver:
		defer m.via.leave()
		b.deliver(m)
	case *flush:
		m.list.flush()
	}
}

// group is nil when nobody is there.
func (b *batcher) group(to audience) *group {
	if to.all {
		return &b.all
	}
	return b.groups[to.name]
}

func (b *batcher) open(name string) *group {
	g := b.groups[name]
	if g == nil {
		g = &group{name: name, scope: "group " + name}
		b.groups[name] = g
	}
	return g
}

// join ignores a socket that is gone: its linkClosed may have come already.
func (b *batcher) join(j *join) {
	if l := b.node.linkOf(j.pid); l != nil {
		b.open(j.group).add(l)
	}
}

func (b *batcher) keep(k *keep) {
	g := b.open(k.group)
	g.kept = k.kept
	b.forget(g)
}

func (b *batcher) removeFrom(g *group, l *link) {
	g.remove(l)
	b.forget(g)
}

// forget lets go of a group that nobody is in, unless it is kept.
func (b *batcher) forget(g *group) {
	if len(g.members) == 0 && !g.kept && g != &b.all {
		delete(b.groups, g.name)
	}
}

// deliver does what the sender would have done, had it not sent group pushes before.
func (b *batcher) deliver(d *deliver) {
	if !d.link.obey(d.msg, nil) {
		b.node.root.Send(d.link.pid, d.msg)
	}
}
