//go:build unix

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
	stop  chan struct{}
	tasks sync.WaitGroup

	good, unavailable, busy, other atomic.Int64 // answers
	lost                           atomic.Int64 // requests without one
	closed                         atomic.Int64 // sockets that closed while the client wanted to stay
	wrong                          atomic.Value // an answer that makes no sense
}

// rest is how long a client waits between its requests.
const rest = time.Second

// gather lets clients come in, spread over the gates, each bound to a user of its own.
func gather(t *testing.T, f *fleet, clients int) *crowd {
	t.Helper()
	c := &crowd{t: t, stop: make(chan struct{})}
	t.Cleanup(c.disperse)
	in := make(chan error, clients)
	for i := range clients {
		c.tasks.Go(func() { c.work(f.gates[i%len(f.gates)], fmt.Sprintf("user%d", i), i, in) })
	}
	for range clients {
		if err := <-in; err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *crowd) work(gate *process, uid string, i int, in chan<- error) {
	one, err := gate.tryDial()
	if err == nil {
		defer one.Close()
		err = ask(one, "door.in", user{UID: uid}, nil)
	}
	in <- err
	if err != nil {
		return
	}
	for n := 1; ; n++ {
		select {
		case <-c.stop:
			return
		case <-one.Done():
			c.closed.Add(1)
			return
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
	c.t.Logf("answers: %d good, %d unavailable, %d busy; %d others, %d requests without one, %d sockets closed",
		c.good.Load(), c.unavailable.Load(), c.busy.Load(), c.other.Load(), c.lost.Load(), c.closed.Load())
	if c.other.Load() > 0 || c.lost.Load() > 0 {
		c.t.Errorf("%d wrong answers (one: %v), %d requests without an answer", c.other.Load(), c.wrong.Load(), c.lost.Load())
	}
}
