package actors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/calm"
	"github.com/fairlead-go/fairlead/messages"
)

// HandshakeFunc decides whether a client may come in. What it returns is sent to the
// client; an *messages.Error chooses the code of a refusal, any other error is code 500.
// It has a goroutine of its own; ctx ends with the client, and when its time is up.
type HandshakeFunc func(ctx context.Context, h *connectors.Hello) (user any, err error)

// Tree is what package supervisor makes of a configuration: all the parts, all
// defaults filled in. Users start a tree with supervisor.Start.
type Tree struct {
	Connectors []connectors.Connector
	Routes     []Route
	Filters    []Filter      // around the handlers of all typed routes
	Handshake  HandshakeFunc // nil: everybody may come in
	Events     *actor.PID    // nil: nobody is told
	Logins     Logins
	Log        *slog.Logger
	Tick       time.Duration // of connectors that do not choose one
	Limits
	Faults
	Drain DrainPolicy
	// Cluster is what the tree is a node of. Nil: it is alone.
	Cluster Cluster
}

// routeBurst is how many requests a route handles before others have their turn.
const routeBurst = 300

// stopTime bounds how long an end waits for what is not under its control.
const stopTime = 5 * time.Second

// Running is a tree that has been started.
type Running struct {
	node   *node
	root   *actor.PID
	places []*place
	ended  chan struct{} // closed when the root actor has stopped
	watch  func()        // ends the subscription to dead letters

	begun    sync.Once // the end has
	hurried  sync.Once
	hurry    chan struct{} // closed when the end is to come soon
	done     chan struct{} // closed at the end
	drained  Drained
	drainErr error

	mu  sync.Mutex
	err error // why it ended, if nobody asked for it
}

// Start opens all listening places and spawns the tree. On an error nothing is left running.
func (t Tree) Start(system *actor.ActorSystem) (*Running, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	n := &node{
		Tree: t, system: system, root: system.Root, log: calm.New(t.Log), born: time.Now(),
		boot: "b" + strconv.FormatUint(rand.Uint64()>>1, 36),
	}
	n.left, n.over = make(chan struct{}, 1), make(chan struct{})
	n.interval, n.slack = t.Limits.Rate.pace()
	gates, places, err := n.listen()
	if err != nil {
		return nil, err
	}
	n.directory = newDirectory()
	n.queue = newQueue()
	n.crew = newPool(job.write)
	n.starts = newPool((*link).deliver)
	n.links.Add(1)
	for k := range batcherCount() {
		n.batchers = append(n.batchers, newBatcher(n, k))
	}
	r := &Running{
		node: n, places: places, ended: make(chan struct{}),
		hurry: make(chan struct{}), done: make(chan struct{}),
	}
	n.giveUp = r.giveUp
	ready := make(chan struct{})
	root := &rootActor{node: n, gates: gates, places: places, ready: ready, ended: r.ended}
	r.root = mustSpawn(system.Root, actor.PropsFromProducer(func() actor.Actor { return root },
		actor.WithDispatcher(n.queue), actor.WithGuardian(resume{})), "fairlead-"+n.boot)
	<-ready
	sub := system.EventStream.Subscribe(n.undelivered)
	r.watch = func() { system.EventStream.Unsubscribe(sub) }
	if err := r.join(); err != nil {
		r.Stop()
		return nil, err
	}
	system.Root.Send(r.root, &letIn{})
	for _, p := range places {
		select {
		case <-p.begun:
		case <-r.ended: // the cluster has changed its mind
		}
	}
	n.memory.start(n)
	return r, nil
}

// join lends the tree to its cluster, if it has one.
func (r *Running) join() error {
	if r.node.Cluster == nil {
		return nil
	}
	err := safely(func() error { return r.node.Cluster.Begin(r, r.done) })
	if err != nil {
		err = fmt.Errorf("cluster: %w", err)
	}
	return err
}

// check reports mistakes in routes, by their place in the configuration.
func (t Tree) check() error {
	for i, f := range t.Filters {
		if f == nil {
			return fmt.Errorf("Filters[%d] is nil", i)
		}
	}
	seen := map[string]bool{}
	for i, r := range t.Routes {
		switch {
		case r == nil:
			return fmt.Errorf("Routes[%d] is nil", i)
		case r.check() != nil:
			return fmt.Errorf("Routes[%d]: %w", i, r.check())
		case seen[r.Prefix()]:
			return fmt.Errorf("Routes[%d]: route %q is there twice", i, r.Prefix())
		}
		seen[r.Prefix()] = true
	}
	return nil
}

// listen opens the places of all connectors, or none.
func (n *node) listen() (gates []*gate, places []*place, err error) {
	for _, c := range n.Connectors {
		g := &gate{node: n, name: c.Name(), connector: c, tick: n.Tick}
		if t, ok := c.(connectors.Ticker); ok && t.TickEvery() != 0 {
			g.tick = t.TickEvery()
		}
		listeners, err := c.Listen(context.Background())
		if err == nil && len(listeners) == 0 {
			err = errors.New("no listener")
		}
		if err != nil {
			for _, p := range places {
				p.close()
			}
			return nil, nil, fmt.Errorf("connector %q: %w", g.name, err)
		}
		gates = append(gates, g)
		for _, l := range listeners {
			places = append(places, &place{gate: g, Listener: l, addr: l.Addr().String(), begun: make(chan struct{})})
		}
	}
	return gates, places, nil
}

// Addrs are the addresses that the connector of that name listens on.
func (r *Running) Addrs(connector string) (addrs []net.Addr) {
	for _, p := range r.places {
		if p.name == connector {
			addrs = append(addrs, p.Addr())
		}
	}
	return addrs
}

// Group is the group of that name, for use outside handlers.
func (r *Running) Group(name string) Group { return Group{node: r.node, to: audience{name: name}} }

// All is the group of all clients that are ready.
func (r *Running) All() Group { return Group{node: r.node, to: audience{all: true}} }

// Groups are the names of the groups that exist on this node.
func (r *Running) Groups(ctx context.Context) ([]string, error) { return r.node.groups(ctx) }

// PushTo sends v, as JSON, to all sockets of some users, and returns how many there were. In a cluster it counts
// those on this node, and users' sockets on others get it too.
func (r *Running) PushTo(route string, v any, uids ...string) (sockets int, err error) {
	p, err := jsonPush("", route, v)
	if err != nil {
		return 0, err
	}
	return r.node.pushUsers(nil, p, uids)
}

// KickUID kicks all sockets of a user, and returns how many there were: in a cluster, on this node.
func (r *Running) KickUID(uid, reason string) (sockets int) {
	return r.node.kickUser(nil, uid, reason)
}

// Sockets calls f with the session of every client there is, until it returns false. Nobody
// has to wait for it.
func (r *Running) Sockets(f func(*messages.Session) bool) {
	r.node.directory.each(func(l *link) bool { return f(l.session.Load()) })
}

// Users returns the sessions that uid is bound to, oldest first.
func (r *Running) Users(uid string) (sessions []*messages.Session) {
	for _, l := range r.node.directory.of(uid) {
		sessions = append(sessions, l.session.Load())
	}
	return sessions
}

// maxBatchers bounds the batchers of a large machine: each costs a message per broadcast.
const maxBatchers = 16

func batcherCount() int { return min(runtime.GOMAXPROCS(0), maxBatchers) }
