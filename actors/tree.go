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
}

// routeBurst is how many requests a route handles before others have their turn.
const routeBurst = 300

// stopTime bounds how long Stop waits for what is not under its control.
const stopTime = 5 * time.Second

// Running is a tree that has been started.
type Running struct {
	node   *node
	root   *actor.PID
	places []*place
	ended  chan struct{} // closed when the root actor has stopped
	stop   sync.Once
	watch  func() // ends the subscription to dead letters
}

// Start opens all listening places and spawns the tree. On an error nothing is left running.
func (t Tree) Start(system *actor.ActorSystem) (*Running, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	n := &node{
		Tree: t, system: system, root: system.Root, log: t.Log,
		boot: "b" + strconv.FormatUint(rand.Uint64()>>1, 36),
	}
	gates, places, err := n.listen()
	if err != nil {
		return nil, err
	}
	n.directory = newDirectory()
	n.queue = newQueue()
	n.crew = newPool((*link).write)
	n.links.Add(1)
	r := &Running{node: n, places: places, ended: make(chan struct{})}
	ready := make(chan struct{})
	root := &rootActor{node: n, gates: gates, places: places, ready: ready, ended: r.ended}
	r.root = mustSpawn(system.Root, actor.PropsFromProducer(func() actor.Actor { return root },
		actor.WithDispatcher(n.queue), actor.WithGuardian(resume{})), "fairlead-"+n.boot)
	<-ready
	for _, p := range places {
		<-p.begun
	}
	sub := system.EventStream.Subscribe(n.undelivered)
	r.watch = func() { system.EventStream.Unsubscribe(sub) }
	return r, nil
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

// Groups are the names of the groups that exist.
func (r *Running) Groups(ctx context.Context) ([]string, error) { return r.node.groups(ctx) }

// PushTo sends v, as JSON, to all sockets of some users, and returns how many there were.
func (r *Running) PushTo(route string, v any, uids ...string) (sockets int, err error) {
	p, err := jsonPush("", route, v)
	if err != nil {
		return 0, err
	}
	return r.node.pushUsers(nil, p, uids), nil
}

// KickUID kicks all sockets of a user, and returns how many there were.
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

// Stop closes all listening places and every client, after what waits for it has
// been written, at most for a second; then it stops all actors.
func (r *Running) Stop() { r.stop.Do(r.shutDown) }

func (r *Running) shutDown() {
	for _, p := range r.places {
		p.close()
	}
	var left sync.WaitGroup
	left.Add(len(r.node.Connectors) * shardsPerConnector)
	bye := connectors.Reason{Cause: messages.CauseStopping, Text: "server stopping"}
	r.node.root.Send(r.root, &hangUp{bye, &left})
	r.await("sockets closed", left.Wait)
	r.node.root.Send(r.root, &stopAll{})
	r.await("actors stopped", func() { <-r.ended })
	r.watch()
	r.node.links.Done()
	r.await("connections let go", r.node.links.Wait)
	r.node.crew.close(stopTime)
	r.node.queue.close(stopTime)
}

// await waits for what f waits for, and says so when it does not come.
func (r *Running) await(what string, f func()) {
	if !within(stopTime, f) {
		r.node.log.Error("stop: gave up waiting", "for", what, "after", stopTime)
	}
}

// within waits for f, but not for ever.
func within(d time.Duration, f func()) (done bool) {
	end := make(chan struct{})
	go func() { f(); close(end) }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-end:
		return true
	case <-timer.C:
		return false
	}
}

// undelivered answers requests whose route's actor is gone.
func (n *node) undelivered(event any) {
	if d, ok := event.(*actor.DeadLetterEvent); ok {
		if req, ok := d.Message.(*messages.Request); ok {
			n.refuse(req, d.Sender)
		}
	}
}

// lost answers requests that a route's mailbox did not take, or will never handle.
func (n *node) lost(msg any) {
	if _, m, sender := actor.UnwrapEnvelope(msg); sender != nil {
		if req, ok := m.(*messages.Request); ok {
			n.refuse(req, sender)
		}
	}
}

func (n *node) refuse(req *messages.Request, socket *actor.PID) {
	switch {
	case n.batcherOf(socket) == nil:
	case req.Notify:
		n.root.Send(socket, &messages.Done{Seq: req.Seq})
	default:
		n.root.Send(socket, req.Fail(messages.NewError(messages.CodeBusy, "busy")))
	}
}

// maxBatchers bounds the batchers of a large machine: each costs a message per broadcast.
const maxBatchers = 16

func batcherCount() int { return min(runtime.GOMAXPROCS(0), maxBatchers) }
