package actors

import (
	"log/slog"
	"maps"
	"slices"
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
	node   *node
	all    group // all its sockets
	groups map[string]*group
}

func newBatcherActor(n *node) *batcherActor {
	return &batcherActor{node: n, all: group{scope: "all"}, groups: map[string]*group{}}
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

func (b *batcherActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
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
func (b *batcherActor) group(to audience) *group {
	if to.all {
		return &b.all
	}
	return b.groups[to.name]
}

func (b *batcherActor) open(name string) *group {
	g := b.groups[name]
	if g == nil {
		g = &group{name: name, scope: "group " + name}
		b.groups[name] = g
	}
	return g
}

// join ignores a socket that is gone: its linkClosed may have come already.
func (b *batcherActor) join(j *join) {
	if l := b.node.linkOf(j.pid); l != nil {
		b.open(j.group).add(l)
	}
}

func (b *batcherActor) keep(k *keep) {
	g := b.open(k.group)
	g.kept = k.kept
	b.forget(g)
}

func (b *batcherActor) removeFrom(g *group, l *link) {
	g.remove(l)
	b.forget(g)
}

// forget lets go of a group that nobody is in, unless it is kept.
func (b *batcherActor) forget(g *group) {
	if len(g.members) == 0 && !g.kept && g != &b.all {
		delete(b.groups, g.name)
	}
}

// deliver does what the sender would have done, had it not sent group pushes before.
func (b *batcherActor) deliver(d *deliver) {
	if !d.link.obey(d.msg, nil) {
		b.node.root.Send(d.link.pid, d.msg)
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

// waiting lists the links of one connector and one batcher that have pushes
// waiting for the tick. Senders append to it under a mutex, on their own
// goroutine: through the batcher's mailbox it would cost five times as much.
type waiting struct {
	root *actor.RootContext
	to   *batcher
	tick time.Duration
	own  []*link // listed by the batcher itself, which alone touches it

	mu    sync.Mutex
	links []*link
	spare []*link
	armed bool // a flush will come
	timer *time.Timer
}

// add lists l.
func (w *waiting) add(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.links = append(w.links, l)
	w.arm()
}

// addOwn is add for the batcher: for one of thousands of receivers, the mutex
// was nearly half of what a push cost.
func (w *waiting) addOwn(l *link) {
	if w.own = append(w.own, l); len(w.own) == 1 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.arm()
	}
}

// arm is called with mu held. What is listed first starts the tick.
func (w *waiting) arm() {
	switch {
	case w.armed:
		return
	case w.timer == nil:
		w.timer = time.AfterFunc(w.tick, func() { w.root.Send(w.to.pid, &flush{w}) })
	default:
		w.timer.Reset(w.tick)
	}
	w.armed = true
}

// flush wakes the writers of all links listed. Only the batcher calls it.
func (w *waiting) flush() {
	w.mu.Lock()
	links := w.links
	w.links, w.armed = w.spare[:0], false
	w.mu.Unlock()
	for _, l := range links {
		l.flush()
	}
	for _, l := range w.own {
		l.flush()
	}
	clear(links)
	clear(w.own)
	w.own = w.own[:0]
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
