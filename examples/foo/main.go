// Foo is a connector of one's own, by the book. Its clients share memory with the server, a package a datagram, or speak over a
// stream. The program starts a server with both, and a client of each, which asks, hears a batch, and is kicked.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/examples/foo/page"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// stream is Foo's stream form, made of the same functions.
func stream(p *port.Port) *custom.Connector {
	return &custom.Connector{ID: "foo-stream", Port: p, Cut: cut, Config: foo}
}

func game() actors.Route {
	r := actors.NewRoute("game")
	actors.Handle(r, "start", func(c *actors.Context, name *string) (*string, error) {
		for i := range 3 {
			if err := c.Push("onStep", i); err != nil {
				return nil, err
			}
		}
		return name, nil
	})
	actors.On(r, "cheat", func(c *actors.Context, _ *struct{}) error {
		c.Send(c.Socket(), &messages.Kick{Reason: "caught"})
		return nil
	})
	return r
}

// play asks, is caught, and prints what it hears until the end.
func play(c connectors.Conn, out io.Writer) error {
	defer c.Close(connectors.Reason{})
	for _, m := range []custom.Message{{ID: 1, Route: "game.start", Body: []byte(`"ann"`)}, {Route: "game.cheat"}} {
		b, _ := encode(nil, m)
		if err := c.Write(net.Buffers{b}); err != nil {
			return err
		}
	}
	for {
		frames, err := c.ReadFrames()
		for _, f := range frames {
			for b := f.Data; len(b) > 0; { // a datagram may hold several packages
				n, _ := cut(b)
				m, err := decode(b[:min(n, len(b))])
				if err != nil {
					return err
				}
				fmt.Fprintln(out, c.Transport(), m.Id, m.Route, string(m.Body))
				b = b[n:]
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// run serves both forms and plays with each.
func run(folder string, out io.Writer) error {
	door, socket := filepath.Join(folder, "door"), filepath.Join(folder, "socket")
	fl, err := supervisor.Start(actor.NewActorSystem(), supervisor.Config{
		Connectors: []connectors.Source{&FooConnector{Folder: door}, stream(&port.Port{Addr: "unix:" + socket})},
		Routes:     []actors.Route{game()},
	})
	if err != nil {
		return err
	}
	defer fl.Stop()
	p, err := page.Lay(door)
	if err != nil {
		return err
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return errors.Join(
		play(&FooSocket{page: p}, out),
		play(custom.Stream(conn, custom.StreamConfig{Cut: cut}), out),
	)
}

func main() {
	folder, err := os.MkdirTemp("", "foo")
	if err != nil {
		log.Fatal(err)
	}
	err = run(folder, os.Stdout)
	os.RemoveAll(folder)
	if err != nil {
		log.Fatal(err)
	}
}
