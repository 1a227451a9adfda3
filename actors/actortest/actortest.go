// Package actortest drives routes with typed requests and no network: in the tree of actors that a server
// runs, with clients that are in the same process. It works inside a bubble of testing/synctest, where
// time passes in no time, and outside of one.
//
//	server := actortest.New(t, chatRoute())
//	ann := server.Client(actortest.Who{UID: "ann"})
//	said, err := actortest.Request[Said](ann, "chat.say", &Say{Text: "hi"})
package actortest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// Config says what is driven. Only routes are needed.
type Config struct {
	// Tree is routes, filters, handshake, limits and all that, with the defaults of supervisor.Config. Its
	// Connectors stay empty.
	actors.Tree
	// System is where the tree is spawned. Nil makes a system that logs nothing.
	System *actor.ActorSystem
	// Patience is how long Push, Kick and the like wait for what must come. Zero means 10 s; in a bubble, where
	// waiting costs nothing, it should be longer than what is waited for.
	Patience time.Duration
}

// Server is a tree that runs until its test ends.
type Server struct {
	*actors.Running
	// System is where actors of a test can be spawned.
	System *actor.ActorSystem

	t        testing.TB
	patience time.Duration
	door     *door
}

// New starts a tree of these routes.
func New(t testing.TB, routes ...actors.Route) *Server {
	t.Helper()
	return Start(t, Config{Tree: actors.Tree{Routes: routes}})
}

// throttle is how long an actor system counts dead letters. The end of a test waits for that.
const throttle = time.Millisecond

// Start starts what cfg says. The test fails at once if that cannot be. It ends with the test, and a
// bubble may end then: a server for one is started in it.
func Start(t testing.TB, cfg Config) *Server {
	t.Helper()
	s := &Server{System: cfg.System, t: t, patience: cfg.Patience, door: newDoor()}
	quiet := slog.New(slog.DiscardHandler)
	if s.patience == 0 {
		s.patience = 10 * time.Second
	}
	if s.System == nil {
		s.System = actor.NewActorSystem(
			actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }),
			actor.WithDeadLetterThrottleInterval(throttle),
		)
	}
	tree := withDefaults(cfg.Tree, quiet)
	tree.Connectors = []connectors.Connector{s.door}
	var err error
	if s.Running, err = tree.Start(s.System); err != nil {
		t.Fatalf("actortest: %v", err)
	}
	t.Cleanup(s.end)
	return s
}

func (s *Server) end() {
	s.Stop()
	<-time.After(2 * s.System.Config.DeadLetterThrottleInterval)
}

func withDefaults(t actors.Tree, log *slog.Logger) actors.Tree {
	if t.Log == nil {
		t.Log = log
	}
	if t.Tick == 0 {
		t.Tick = 20 * time.Millisecond
	}
	if t.Handshake == nil { // without one nobody would look at a client's settings
		t.Handshake = func(context.Context, *connectors.Hello) (any, error) { return nil, nil }
	}
	t.Limits, t.Faults, t.Drain = t.Limits.WithDefaults(), t.Faults.WithDefaults(), t.Drain.WithDefaults()
	return t
}

// Client is a client that is in. The test fails at once if it is refused. Like all that may fail the test,
// it is called on the test's goroutine.
func (s *Server) Client(who Who) *Client {
	s.t.Helper()
	c, err := s.Enter(who)
	if err != nil {
		s.t.Fatalf("actortest: client not in: %v", err)
	}
	return c
}

// Enter is Client for tests of who may come in: a refusal is a *messages.Error, of the handshake or of the
// Bind.
func (s *Server) Enter(who Who) (*Client, error) {
	c := newClient(s, who)
	if err := s.door.bring(c.line); err != nil {
		return nil, err
	}
	select {
	case w := <-c.line.welcome:
		if w.err != nil {
			return nil, w.err
		}
		c.user = w.user
	case <-c.line.gone:
		return nil, ErrGone
	}
	return c, c.bind(who.UID)
}

// session is what is known of the client of this address, nil if it is not there.
func (s *Server) session(addr string) (found *messages.Session) {
	s.Sockets(func(session *messages.Session) bool {
		if session.RemoteAddr == addr {
			found = session
		}
		return found == nil
	})
	return found
}
