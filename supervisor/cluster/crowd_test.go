//go:build unix && !race

package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/messages"
)

// crowd is many clients at work: each asks its own virtual actor, rests, and asks again.
type crowd struct {
	t     *testing.T
	f     *fleet
	stop  chan struct{}
	tasks sync.WaitGroup

	good, unavailable, busy, other atomic.Int64 // answers
	lost                           atomic.Int64 // requests without one
	closed                         atomic.Int64 // sockets that closed while the client wanted to stay
	told                           atomic.Int64 // of these, those that were told why
	back                           atomic.Int64 // clients that came in again
	wrong                          atomic.Value // an answer that makes no sense
}

// rest is how long a client waits between its requests.
const rest = time.Second

// gather lets clients come in, spread over the gates, each bound to a user of its own.
func gather(t *testing.T, f *fleet, clients int) *crowd {
	t.Helper()
	c := &crowd{t: t, f: f, stop: make(chan struct{})}
	t.Cleanup(c.disperse)
	in := make(chan error, clients)
	for i := range clients {
		c.tasks.Go(func() { c.live(i, in) })
	}
	for range clients {
		if err := <-in; err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// live is a client's life: when its gate lets go of it, it comes in again, perhaps by another one.
func (c *crowd) live(i int, in chan<- error) {
	one, err := c.come(i, 0)
	in <- err
	for err == nil && c.work(one, i) {
		c.closed.Add(1)
		if _, kicked := one.Kicked(); kicked {
			c.told.Add(1)
		}
		if one, err = c.comeAgain(i); err == nil && one != nil {
			c.back.Add(1)
		}
	}
}

// come brings the client in by a gate, another one at each try, and binds it to its user.
func (c *crowd) come(i, try int) (*client.Client, error) {
	one, err := c.f.gates[(i+try)%len(c.f.gates)].tryDial()
	if err == nil {
		err = ask(one, "door.in", user{UID: fmt.Sprintf("user%d", i)}, nil)
	}
	return one, err
}

// comeAgain tries one gate after the other, until the crowd disperses.
func (c *crowd) comeAgain(i int) (*client.Client, error) {
	for try := 1; ; try++ {
		one, err := c.come(i, try)
		if err == nil {
			return one, nil
		}
		if one != nil {
			one.Close()
		}
		select {
		case <-c.stop:
			return nil, err
		case <-time.After(rest / 5):
		}
	}
}

// work lasts until the socket closes, or the crowd disperses: then it returns false.
func (c *crowd) work(one *client.Client, i int) (closed bool) {
	defer one.Close()
	for n := 1; ; n++ {
		select {
		case <-c.stop:
			return false
		case <-one.Done():
			return true
		case <-time.After(rest - time.Duration(i%100)*time.Millisecond):
			c.ask(one, n, i)
		}
	}
}

// ask makes one request and counts what becomes of it.
func (c *crowd) ask(one *client.Client, n, i int) {
	route := "arena.work"
	if i%2 == 0 {
		route = "arena.peek"
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b, err := one.Request(ctx, route, work{N: n})
	if err != nil {
		if ctx.Err() != nil {
			c.lost.Add(1)
		}
		return // the socket has closed, which is counted
	}
	var w work
	var known *messages.Error
	switch err := client.Failure(b); {
	case errors.As(err, &known) && known.Code == messages.CodeUnavailable:
		c.unavailable.Add(1)
	case errors.As(err, &known) && known.Code == messages.CodeBusy:
		c.busy.Add(1)
	case err != nil:
		c.other.Add(1)
		c.wrong.Store(err.Error())
	case json.Unmarshal(b, &w) != nil || w.N != n:
		c.other.Add(1)
		c.wrong.Store(fmt.Sprintf("asked %d, got %s", n, b))
	default:
		c.good.Add(1)
	}
}

// disperse lets all clients go.
func (c *crowd) disperse() {
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.tasks.Wait()
}

// check fails the test for what must never happen.
func (c *crowd) check() {
	c.t.Helper()
	c.t.Logf("answers: %d good, %d unavailable, %d busy; %d others, %d requests without one; %d sockets closed, %d told why, %d back",
		c.good.Load(), c.unavailable.Load(), c.busy.Load(), c.other.Load(), c.lost.Load(), c.closed.Load(), c.told.Load(), c.back.Load())
	if c.other.Load() > 0 || c.lost.Load() > 0 {
		c.t.Errorf("%d wrong answers (one: %v), %d requests without an answer", c.other.Load(), c.wrong.Load(), c.lost.Load())
	}
}
