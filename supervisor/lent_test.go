package supervisor_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/supervisor"
)

// A handler that blocks, after it was quick for long, holds up its own route only: not the clients that share a
// goroutine with those who asked it, nor these themselves as far as they may have more in flight.
func TestAHandlerThatBlocksHoldsUpItsRouteOnly(t *testing.T) {
	for name, tt := range map[string]struct {
		source connectors.Source
		scheme string
	}{
		"TCP":       {&hybrid.Connector{Addr: "127.0.0.1:0"}, "tcp://"},
		"WebSocket": {&hybrid.Connector{Addr: "127.0.0.1:0"}, "ws://"},
		"socket.io": {&sio.Connector{Addr: "127.0.0.1:0"}, "sio://"},
	} {
		t.Run(name, func(t *testing.T) {
			held := make(chan struct{})
			fickle, steady := actors.NewRoute("fickle"), actors.NewRoute("steady")
			actors.Handle(fickle, "ask", func(_ *actors.Context, block *bool) (*bool, error) {
				if *block {
					<-held
				}
				return block, nil
			})
			actors.Handle(steady, "ask", func(_ *actors.Context, in *bool) (*bool, error) { return in, nil })
			fl, err := supervisor.Start(quietSystem(), supervisor.Config{
				Connectors: []connectors.Source{tt.source},
				Routes:     []actors.Route{fickle, steady},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer fl.Stop()

			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var clients []*client.Client
			ask := func(c *client.Client, route string, block bool) {
				t.Helper()
				if _, err := c.Request(ctx, route, block); err != nil {
					t.Error(err)
				}
			}
			for range 8 {
				c, err := client.Dial(ctx, client.Config{Addr: tt.scheme + fl.Addrs(tt.source.Name())[0].String()})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				clients = append(clients, c)
				for range 20 {
					ask(c, "fickle.ask", false)
					ask(c, "steady.ask", false)
				}
			}
			var blocked sync.WaitGroup
			for i, c := range clients {
				for range []int{40, 10, 1}[i%3] { // more than may be in flight, fewer, one
					blocked.Go(func() { ask(c, "fickle.ask", true) })
				}
			}
			for range 20 {
				for i, c := range clients {
					if i%3 != 0 { // those have no room
						ask(c, "steady.ask", false)
					}
				}
			}
			close(held)
			blocked.Wait()
			for _, c := range clients {
				ask(c, "fickle.ask", false)
			}
		})
	}
}
