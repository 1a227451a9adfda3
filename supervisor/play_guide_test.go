package supervisor_test

import (
	"context"
	"log/slog"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/supervisor"
)

// world is what the examples of docs/guide play in: a server without a network, and
// clients in the same process.
type world struct {
	*supervisor.Fairlead
	system *actor.ActorSystem
	door   *memory.Connector
}

// play starts cfg. Its first connector, if it has one, is a memory.Connector.
func play(cfg supervisor.Config) *world { return playIn(quietSystem(), cfg) }

// playIn is play in an actor system that is there already.
func playIn(system *actor.ActorSystem, cfg supervisor.Config) *world {
	w := &world{system: system, door: &memory.Connector{}}
	if len(cfg.Connectors) == 0 {
		cfg.Connectors = []connectors.Source{w.door}
	}
	w.door = cfg.Connectors[0].(*memory.Connector)
	cfg.Logger = slog.New(slog.DiscardHandler)
	var err error
	if w.Fairlead, err = supervisor.Start(w.system, cfg); err != nil {
		panic(err)
	}
	return w
}

// enter is a client that wants in.
func (w *world) enter(cfg client.Config) (*client.Client, error) {
	conn, err := w.door.Dial()
	if err != nil {
		return nil, err
	}
	return client.New(context.Background(), conn, cfg)
}

// join is a client that is in: pushes reach it.
func (w *world) join() *player {
	p := &player{pushes: make(chan string, 100)}
	c, err := w.enter(client.Config{Push: func(route string, body []byte) { p.pushes <- route + " " + string(body) }})
	if err != nil {
		panic(err)
	}
	p.Client = c
	p.ask("play.ready", nil) // nobody answers that, but now the server has had our ack
	return p
}

// player is a client with what it has been pushed.
type player struct {
	*client.Client
	pushes chan string
}

// ask sends a request and returns the answer as it came.
func (p *player) ask(route string, v any) string {
	body, err := p.Request(context.Background(), route, v)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// hears is the next push: route and body.
func (p *player) hears() string { return <-p.pushes }
