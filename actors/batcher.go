package actors

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// batcher is the handle of a batcher actor. There is one for each core; a
// socket belongs to one for life.
type batcher struct {
	k   int
	pid *actor.PID
}

// batcherActor owns the group members among its sockets and wakes the writers
// of those whose pushes have waited for a tick.
type batcherActor struct {
	node    *node
	members map[string]*member // by PID id: all its sockets
	all     group
	groups  map[string]*group
}

func newBatcherActor(n *node) *batcherActor {
	return &batcherActor{node: n, members: map[string]*member{}, groups: map[string]*group{}}
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
	// broadcast pushes to a group; every batcher gets the same one but for its lane.
	broadcast struct {
		group string
		all   bool
		cell  *cell
		via   *lane
	}
	// deliver is a message to one socket that must not overtake the group
	// pushes its sender made before.
	deliver struct {
		pid *actor.PID
		msg any
		via *lane
	}
	flush struct{ list *waiting }
)

func (b *batcherActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *linkOpened:
		b.open(m.link)
	case *linkClosed:
		b.closeLink(m.link)
	case *join:
		defer m.via.leave()
		b.join(m)
	case *leave:
		defer m.via.leave()
		b.leave(m)
	case *broadcast:
		defer m.via.leave()
		b.broadcast(m)
	case *deliver:
		defer m.via.leave()
		b.deliver(m)
	case *flush:
		m.list.flush()
	}
}

func (b *batcherActor) open(l *link) {
	m := &member{link: l}
	b.members[l.pid.Id] = m
	b.all.add(m)
}

func (b *batcherActor) closeLink(l *link) {
	m := b.members[l.pid.Id]
	if m == nil {
		return
	}
	delete(b.members, l.pid.Id)
	for len(m.in) > 0 {
		b.removeFrom(m.in[len(m.in)-1].group, m)
	}
}

func (b *batcherActor) join(j *join) {
	m := b.members[j.pid.Id]
	if m == nil {
		return
	}
	g := b.groups[j.group]
	if g == nil {
		g = &group{name: j.group}
		b.groups[j.group] = g
	}
	g.add(m)
}

func (b *batcherActor) leave(l *leave) {
	if m, g := b.members[l.pid.Id], b.groups[l.group]; m != nil && g != nil {
		b.removeFrom(g, m)
	}
}

// removeFrom forgets a group whose last member leaves.
func (b *batcherActor) removeFrom(g *group, m *member) {
	if g.remove(m); len(g.members) == 0 && g != &b.all {
		delete(b.groups, g.name)
	}
}

func (b *batcherActor) broadcast(m *broadcast) {
	g := &b.all
	if !m.all {
		g = b.groups[m.group]
	}
	if g == nil {
		return
	}
	g.push(m.cell)
}

// deliver hands a message to the link itself where that is what the socket's
// actor would do, so that it cannot be overtaken on the way.
func (b *batcherActor) deliver(d *deliver) {
	m := b.members[d.pid.Id]
	if m == nil {
		return
	}
	switch msg := d.msg.(type) {
	case *messages.Response:
		m.link.respond(msg)
	case *messages.Push:
		m.link.push(msg)
	case *messages.Done:
		m.link.done(msg.Seq)
	default:
		b.node.root.Send(d.pid, msg)
	}
}

// lane counts what one sender has sent to one batcher, and how much of it has
// been handled. While there is a difference, what the sender sends to that
// batcher's sockets goes the same way, so that it overtakes nothing.
type lane struct{ sent, handled atomic.Uint64 }

// enter is called before a message is sent.
func (l *lane) enter() *lane {
	l.sent.Add(1)
	return l
}

// leave is called when it has been handled. A nil lane counts nothing.
func (l *lane) leave() {
	if l != nil {
		l.handled.Add(1)
	}
}

func (l *lane) empty() bool { return l.sent.Load() == l.handled.Load() }

func allEmpty(lanes []lane) bool {
	for i := range lanes {
		if !lanes[i].empty() {
			return false
		}
	}
	return true
}

// waiting lists the links of one connector and one batcher that have pushes
// waiting for the tick. Senders append to it under a mutex, on their own
// goroutine: through the batcher's mailbox it would cost five times as much.
type waiting struct {
	root  *actor.RootContext
	to    *batcher
	tick  time.Duration
	mu    sync.Mutex
	links []*link
	spare []*link
	timer *time.Timer
}

// add lists l. The first one starts the tick.
func (w *waiting) add(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.links = append(w.links, l)
	if len(w.links) > 1 {
		return
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(w.tick, func() { w.root.Send(w.to.pid, &flush{w}) })
	} else {
		w.timer.Reset(w.tick)
	}
}

// flush wakes the writers of all links listed. Only the batcher calls it.
func (w *waiting) flush() {
	w.mu.Lock()
	links := w.links
	w.links = w.spare[:0]
	w.mu.Unlock()
	for i, l := range links {
		l.flush()
		links[i] = nil
	}
	w.mu.Lock()
	w.spare = links[:0]
	w.mu.Unlock()
}

// stop ends the tick.
func (w *waiting) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// cell holds what a push to many looks like in each codec: encoded once, whoever asks.
type cell struct {
	log  *slog.Logger
	push *messages.Push
	mu   sync.Mutex // several batchers ask at the same time
	done []encoded
}

type encoded struct {
	codec connectors.Codec
	bytes []byte
	err   error
}

func (c *cell) encode(codec connectors.Codec) (b []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.done {
		if e.codec == codec {
			return e.bytes, e.err
		}
	}
	err = safely(func() (err error) { b, err = codec.AppendPush(nil, c.push); return err })
	if err != nil {
		c.log.Warn("group push not encoded", "route", c.push.Route, "error", err)
	}
	c.done = append(c.done, encoded{codec, b, err})
	return b, err
}
