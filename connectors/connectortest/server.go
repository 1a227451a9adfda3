package connectortest

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// server is the connector in a whole server, with a route that echoes.
type server struct {
	*rig
	fairlead *supervisor.Fairlead
	system   *actor.ActorSystem
	closed   chan *messages.Closed // of every connection
	handled  atomic.Int64          // requests and notifies
}

// hook is what the application does when a client wants in.
type hook = func(context.Context, *connectors.Hello) (any, error)

// slowAfter is how long a client of a server may take nothing.
const slowAfter = 500 * time.Millisecond

// withServer starts a server, which ends with the test.
func (r *rig) withServer(handshake hook) *server {
	r.Helper()
	s := &server{rig: r, closed: make(chan *messages.Closed, 1024)}
	quiet := slog.New(slog.DiscardHandler)
	s.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	s.system.EventStream.Subscribe(func(event any) {
		if c, ok := event.(*messages.Closed); ok {
			s.closed <- c
		}
	})
	r.connector = r.New(r)
	s.begin(supervisor.Config{
		Connectors: []connectors.Source{r.connector},
		Routes:     []actors.Route{s.route()},
		Handshake:  handshake,
		Logger:     quiet,
		Limits:     supervisor.Limits{OutboxAge: slowAfter},
	})
	r.Cleanup(s.end)
	return s
}

func (s *server) begin(cfg supervisor.Config) {
	s.Helper()
	var err error
	if s.fairlead, err = supervisor.Start(s.system, cfg); err != nil {
		s.fatal("Connector", "a server with the connector does not start: %v", err)
	}
	s.at = s.fairlead.Addrs(s.connector.Name())[0]
}

func (s *server) end() {
	for _, f := range s.clients() {
		f.hangUp()
	}
	s.within("the server did not stop: does Accept return net.ErrClosed after Close, and ReadFrames an error?", "Listener", s.fairlead.Stop)
}

// route answers with what is asked; told "push" it pushes that first.
func (s *server) route() actors.Route {
	h := actors.NewRoute("echo")
	actors.HandleRaw(h, "echo", func(_ *actors.Context, b []byte) ([]byte, error) {
		s.handled.Add(1)
		return b, nil
	})
	actors.HandleRaw(h, "push", func(c *actors.Context, b []byte) ([]byte, error) {
		return b, c.Push(pushRoute, json.RawMessage(b))
	})
	return h
}

// enter is a client that is in.
func (s *server) enter() *far {
	s.Helper()
	f := s.dial()
	if err, ok := next(s.Patience, f.joining()); !ok || err != nil {
		s.fatal("Protocol", "a client did not come in within %v (%v)", s.Patience, err)
	}
	s.ask(f, 1) // whatever it asks is handled when it is in
	return f
}

// ask has a client ask and get its answer.
func (s *server) ask(f *far, number int) {
	s.Helper()
	f.send(f.client.Request(uint64(number), echoRoute, body(number, 0)))
	f.want(Response, number)
}

// socket is the only client's actor, or nil if there is none in time.
func (s *server) socket(limit time.Duration) (pid *actor.PID) {
	until(limit, func() bool {
		s.fairlead.Sockets(func(session *messages.Session) bool {
			pid = session.Socket
			return false
		})
		return pid != nil
	})
	return pid
}

// wantSocket waits for it.
func (s *server) wantSocket() *actor.PID {
	s.Helper()
	pid := s.socket(s.Patience)
	if pid == nil {
		s.fatal("Conn", "a server has no socket of the client that has come within %v: it was closed at once, or did not come", s.Patience)
	}
	return pid
}

func (s *server) kick(pid *actor.PID) {
	s.system.Root.Send(pid, &messages.Kick{Reason: "enough"})
}

// wantClosed waits until the end of a client is told, once, for one of these causes.
func (s *server) wantClosed(causes ...messages.Cause) {
	s.Helper()
	limit := s.Patience + 2*slowAfter
	c, ok := next(limit, s.closed)
	if !ok {
		s.fatal("Conn", "the end of a client was not noticed within %v", limit)
	}
	s.wantCause(c, causes)
	pass()
	if len(s.closed) > 0 {
		s.broken("Conn", "the end of a client was told twice, the second time as %q", (<-s.closed).Cause.Word())
	}
}

func (s *server) wantCause(c *messages.Closed, causes []messages.Cause) {
	s.Helper()
	for _, cause := range causes {
		if c.Cause == cause {
			return
		}
	}
	s.broken("Conn", "a client ended as %q (%s), want %q", c.Cause.Word(), c.Reason, causes[0].Word())
}
