package actors_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// hole is a client's wire that swallows what is written and counts it.
type hole struct {
	*end
	packages chan int // of each write, where somebody counts; nil otherwise
	written  *sync.WaitGroup
}

func (h *hole) Write(p net.Buffers) error {
	if h.packages != nil {
		h.packages <- len(p)
	}
	if h.written != nil {
		h.written.Done()
	}
	return nil
}

// pit is the connector of holes.
type pit struct {
	*place
	dialled sync.WaitGroup // who is not ready yet
}

func (p *pit) Listen(context.Context) ([]connectors.Listener, error) {
	return []connectors.Listener{p}, nil
}

func (p *pit) Accept() (connectors.Conn, error) {
	select {
	case c := <-p.conns:
		h, _ := c.(*hole)
		return h, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// bench starts a tree of holes without deadlines; it is stopped with the benchmark.
func bench(b *testing.B, tick time.Duration, routes ...actors.Route) (*actors.Running, *pit) {
	p := &pit{place: newPlace()}
	quiet := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	events := system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(*messages.Connected); ok {
			p.dialled.Done()
		}
	}))
	tree, err := actors.Tree{
		Connectors: []connectors.Connector{p}, Events: events, Routes: routes, Log: quiet, Tick: tick,
		Limits: actors.Limits{InFlight: 64, InFlightBytes: 1 << 20, OutboxSoft: 1 << 29, OutboxHard: 1 << 30}.WithDefaults(), Faults: actors.Faults{}.WithDefaults(),
	}.Start(system)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(tree.Stop)
	return tree, p
}

// dial brings clients in; they are ready on return.
func (p *pit) dial(clients int, h hole) (last *hole) {
	p.dialled.Add(clients)
	for range clients {
		c := h
		c.end = &end{in: make(chan string, 64), gone: make(chan struct{})}
		p.conns <- &c
		last = &c
	}
	p.dialled.Wait()
	return last
}

// BenchmarkBroadcast is a push to all, from its call to the last write, the tick included.
// On two cores 100,000 are to take at most 100 ms.
func BenchmarkBroadcast(b *testing.B) {
	for _, members := range []int{1_000, 100_000} {
		for _, tick := range []time.Duration{-1, time.Millisecond, 20 * time.Millisecond} {
			b.Run(fmt.Sprintf("members=%d/tick=%v", members, max(tick, 0)), func(b *testing.B) {
				tree, p := bench(b, tick)
				var written sync.WaitGroup
				p.dial(members, hole{written: &written})
				body := make([]byte, 64)
				b.ReportAllocs()
				for b.Loop() {
					written.Add(members)
					tree.All().Send(&messages.Push{Route: "on", Body: body})
					written.Wait()
				}
				b.ReportMetric(float64(b.Elapsed())/float64(b.N)/1e6, "ms/broadcast")
				b.ReportMetric(float64(b.Elapsed())/float64(b.N*members), "ns/receiver")
			})
		}
	}
}

// BenchmarkRequest is a request and its answer, from the reader to the write.
func BenchmarkRequest(b *testing.B) {
	for _, inFlight := range []int{1, 32} {
		b.Run("inflight="+strconv.Itoa(inFlight)+"/body=16", func(b *testing.B) {
			echo := actors.NewRoute("x")
			actors.HandleRaw(echo, "echo", func(_ *actors.Context, body []byte) ([]byte, error) { return body, nil })
			_, p := bench(b, time.Millisecond, echo)
			client := p.dial(1, hole{packages: make(chan int, 64)})
			line := "R 1 x.echo " + strings.Repeat("x", 16)
			b.ReportAllocs()
			free := inFlight
			for b.Loop() {
				for free == 0 {
					free += <-client.packages
				}
				free--
				client.in <- line
			}
			for free < inFlight {
				free += <-client.packages
			}
		})
	}
}

// BenchmarkHandler is what a handler does, with a client in a tree that has a tick of 1 ms.
func BenchmarkHandler(b *testing.B) {
	word := &messages.Push{Route: "on", Body: make([]byte, 64)}
	keyed := &messages.Push{Route: "on", Body: make([]byte, 64), Key: "k"}
	for name, once := range map[string]func(c *actors.Context){
		"push/body=64":          func(c *actors.Context) { c.Send(c.Socket(), word) },
		"push/body=64/key=same": func(c *actors.Context) { c.Send(c.Socket(), keyed) },
		"userpush/body=16":      func(c *actors.Context) { _, _ = c.PushTo("on", 1234567890123456, "ann") },
		"bind,unbind":           func(c *actors.Context) { _ = c.Bind("bob"); c.Unbind() },
	} {
		b.Run(name, func(b *testing.B) {
			inHandler(b, func(c *actors.Context) {
				for b.Loop() {
					once(c)
				}
			})
		})
	}
	b.Run("join,leave", func(b *testing.B) {
		inHandler(b, func(c *actors.Context) {
			g := c.Group("room")
			for i := 1; b.Loop(); i++ {
				g.Join(c.Socket())
				g.Leave(c.Socket())
				if i%256 == 0 { // what has been sent has been done
					_, _ = g.Size(b.Context())
				}
			}
			_, _ = g.Size(b.Context())
		})
	})
}

// inHandler runs f in a handler, asked by a client; another one is user ann.
func inHandler(b *testing.B, f func(c *actors.Context)) {
	done := make(chan struct{})
	h := actors.NewRoute("x")
	actors.HandleRaw(h, "ann", func(c *actors.Context, _ []byte) ([]byte, error) { return nil, c.Bind("ann") })
	actors.HandleRaw(h, "run", func(c *actors.Context, _ []byte) ([]byte, error) {
		defer close(done)
		b.ReportAllocs()
		f(c)
		return nil, nil
	})
	_, p := bench(b, time.Millisecond, h)
	ann := p.dial(1, hole{packages: make(chan int, 64)})
	ann.send("R 1 x.ann")
	<-ann.packages
	ann.packages = nil
	p.dial(1, hole{}).send("R 1 x.run")
	<-done
}
