package connectortest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// rig is what a check has: a connector that listens, whose Conns are driven by hand.
type rig struct {
	testing.TB
	Harness
	connector connectors.Connector
	listeners []connectors.Listener
	at        net.Addr // where a server listens
	conns     chan connectors.Conn
	accepting sync.WaitGroup

	mu    sync.Mutex
	fars  []*far
	nears []*near
}

// newRig is a rig that does not listen yet.
func newRig(t testing.TB, h Harness) *rig {
	return &rig{TB: t, Harness: h, conns: make(chan connectors.Conn, 256)}
}

// start makes a connector whose listeners accept.
func (r *rig) start() {
	r.Helper()
	r.listen(r.New(r))
	r.serve()
}

// listen opens the connector's places, which are closed with the test.
func (r *rig) listen(c connectors.Connector) {
	r.Helper()
	listeners, err := c.Listen(context.Background())
	if err != nil {
		r.fatal("Connector", "Listen failed: %v", err)
	}
	if len(listeners) == 0 {
		r.fatal("Connector", "Listen returned neither a Listener nor an error")
	}
	if r.connector == nil {
		r.Cleanup(r.takeDown)
	}
	r.connector, r.listeners = c, listeners
}

// serve has the listeners accept.
func (r *rig) serve() {
	for _, l := range r.listeners {
		r.accepting.Go(func() { r.accept(l) })
	}
}

// accept hands out all clients of a listener until it is closed.
func (r *rig) accept(l connectors.Listener) {
	for failures := 0; failures < 100; {
		c, err := l.Accept()
		switch {
		case err == nil:
			r.conns <- c
		case errors.Is(err, net.ErrClosed):
			return
		default:
			failures++
		}
	}
	r.broken("Listener", "Accept failed 100 times without being closed")
}

// place is where clients go.
func (r *rig) place() net.Addr {
	if r.at != nil {
		return r.at
	}
	return r.listeners[0].Addr()
}

// clients are all that have dialled.
func (r *rig) clients() []*far {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fars
}

// takeDown ends all that there is.
func (r *rig) takeDown() {
	r.mu.Lock()
	fars, nears := r.fars, r.nears
	r.mu.Unlock()
	for _, l := range r.listeners {
		_ = l.Close()
	}
	for _, n := range nears {
		r.within("Conn.Close did not return", "Conn", n.hangUp)
	}
	for _, f := range fars {
		f.hangUp()
	}
	r.within("Listener.Close did not unblock Accept", "Listener", r.accepting.Wait)
	for len(r.conns) > 0 {
		(<-r.conns).Close(connectors.Reason{})
	}
	for _, n := range nears {
		n.over()
	}
}

// broken says that a promise of a part of package connectors is broken.
func (r *rig) broken(part, format string, args ...any) {
	r.Helper()
	r.Errorf("%s (connectors.%s)", fmt.Sprintf(format, args...), part)
}

// fatal is broken, and ends the check.
func (r *rig) fatal(part, format string, args ...any) {
	r.Helper()
	r.Fatalf("%s (connectors.%s)", fmt.Sprintf(format, args...), part)
}

// within calls f, which should return soon, and tells whether it has. A panic of f's is a promise broken, too.
func (r *rig) within(otherwise, part string, f func()) bool {
	r.Helper()
	failed := make(chan any, 1)
	go func() {
		defer func() { failed <- recover() }()
		f()
	}()
	p, ok := next(r.Patience, failed)
	switch {
	case !ok:
		r.broken(part, "%s within %v", otherwise, r.Patience)
	case p != nil:
		r.broken(part, "panic: %v", p)
	}
	return ok && p == nil
}

// must is within, and ends the check if it is not.
func (r *rig) must(otherwise, part string, f func()) {
	r.Helper()
	if !r.within(otherwise, part, f) {
		r.FailNow()
	}
}

// next is what comes of c within a time.
func next[T any](limit time.Duration, c <-chan T) (v T, ok bool) {
	select {
	case v = <-c:
		return v, true
	default:
	}
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case v = <-c:
		return v, true
	case <-t.C:
		return v, false
	}
}

// shortly is how long nothing must happen for the suite to believe that nothing will.
const shortly = 50 * time.Millisecond

// pass lets time pass in which nothing should happen.
func pass() { <-time.After(shortly) }
