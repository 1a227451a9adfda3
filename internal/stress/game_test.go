//go:build linux

package stress_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// work is what a request to the slow route takes.
const work = time.Millisecond

// game is the application: what a game does all day, and what it should not.
type game struct {
	crowd actors.Group
	lump  []byte
	slow  queueWatch
}

func newGame() *game { return &game{lump: slices.Repeat([]byte("7"), 4<<10)} }

func (g *game) routes() []actors.Route {
	room := actors.NewRoute("game")
	actors.HandleRaw(room, "echo", func(_ *actors.Context, body []byte) ([]byte, error) { return body, nil })
	actors.HandleRaw(room, "join", func(c *actors.Context, _ []byte) ([]byte, error) {
		c.Group("crowd").Join(c.Socket())
		return nil, nil
	})
	actors.HandleRaw(room, "panic", func(*actors.Context, []byte) ([]byte, error) { panic("as asked") })
	actors.HandleRaw(room, "mud", g.mud)
	slow := actors.NewRoute("slow")
	actors.HandleRaw(slow, "work", g.work)
	return []actors.Route{room, slow}
}

// mud throws at the client what it must swallow to hear anything else: as many bytes as it says, in pushes of
// the size it says.
func (g *game) mud(c *actors.Context, body []byte) ([]byte, error) {
	var n, each int
	_, err := fmt.Sscan(string(body), &n, &each)
	for ; err == nil && n > 0; n -= each {
		c.Send(c.Socket(), &messages.Push{Route: "onMud", Body: g.lump[:each], Urgent: true})
	}
	return nil, err
}

func (g *game) work(c *actors.Context, body []byte) ([]byte, error) {
	g.slow.handling(c.Request())
	pause(work)
	g.slow.handled()
	return body, nil
}

// queueWatch finds out how many requests wait for a route, from the handler: as many as
// are handled between the arrival of one and its turn. Only the route's actor calls
// it, but for deepest.
type queueWatch struct {
	ends    []time.Time // of those handled, in order
	deepest atomic.Int64
	count   atomic.Int64
}

// timeout is the server's for requests, from which their arrival follows.
const timeout = 10 * time.Second

func (q *queueWatch) handling(r *messages.Request) {
	came := r.Expires().Add(-timeout)
	i, _ := slices.BinarySearchFunc(q.ends, came, time.Time.Compare)
	if n := int64(len(q.ends) - i); n > q.deepest.Load() {
		q.deepest.Store(n)
	}
}

func (q *queueWatch) handled() {
	q.ends = append(q.ends, time.Now())
	q.count.Add(1)
}

// metronome has an actor push to a group at a steady rate. Each push says when it was
// meant to leave: a server that is late is caught.
type metronome struct {
	root  *actor.RootContext
	pid   *actor.PID
	quit  chan struct{} // nil while it is silent
	done  sync.WaitGroup
	beats int // sent so far; the goroutine's, then stop's
}

// burst is n pushes that were to leave at a time.
type burst struct {
	at      time.Time
	n, size int
}

func newMetronome(system *actor.ActorSystem, to actors.Group) *metronome {
	m := &metronome{root: system.Root}
	m.pid = system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if b, ok := ctx.Message().(burst); ok {
			for range b.n {
				to.Send(&messages.Push{Route: "onBeat", Body: stamped(b.at, b.size)})
			}
		}
	}))
	return m
}

// start begins to send n pushes of that size, rate times a second.
func (m *metronome) start(rate float64, n, size int) {
	m.stop()
	quit := make(chan struct{})
	m.quit, m.beats = quit, 0
	m.done.Go(func() {
		pace(rate, quit, func(at time.Time) {
			m.root.Send(m.pid, burst{at, n, size})
			m.beats += n
		})
	})
}

// stop returns how many pushes were sent since the start.
func (m *metronome) stop() int {
	if m.quit != nil {
		close(m.quit)
		m.done.Wait()
		m.quit = nil
	}
	return m.beats
}
