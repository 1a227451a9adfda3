package bench_test

import (
	"log/slog"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// room is the group of all who asked x.join.
const room = "room"

// notes are what x.push pushes to who asks.
const notes = 8

// word is what is pushed. It is never changed.
var word = &messages.Push{Route: "on", Body: []byte(`{"a":1}`)}

// answers are the routes of every server here.
func answers() *actors.Handlers {
	x := actors.NewRoute("x")
	actors.HandleRaw(x, "echo", func(_ *actors.Context, body []byte) ([]byte, error) { return body, nil })
	actors.HandleRaw(x, "join", func(c *actors.Context, body []byte) ([]byte, error) {
		c.Group(room).Join(c.Socket())
		return body, nil
	})
	actors.HandleRaw(x, "push", func(c *actors.Context, body []byte) ([]byte, error) {
		for range notes {
			c.Send(c.Socket(), word)
		}
		return body, nil
	})
	return x
}

// server is a fairlead with default limits.
type server struct {
	*supervisor.Fairlead
	system *actor.ActorSystem
}

func serve(tb testing.TB, c connectors.Connector) *server {
	tb.Helper()
	quiet := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{c}, Routes: []actors.Route{answers()}, Logger: quiet,
	})
	if err != nil {
		system.Shutdown()
		tb.Fatal(err)
	}
	return &server{fl, system}
}

// end stops the server and its actors.
func (s *server) end() {
	s.Stop()
	s.system.Shutdown()
}
