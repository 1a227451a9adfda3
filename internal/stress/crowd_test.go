//go:build linux

package stress_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// crowd is many clients that behave well, and what they feel.
type crowd struct {
	t      *testing.T
	addr   string
	answer meter // of requests, from when they were to be sent
	beat   meter // of pushes, from when they were to leave

	peers   []atomic.Pointer[peer]
	readers sync.WaitGroup
	lost    atomic.Int64 // connections that ended while nobody wanted it
	refused atomic.Int64 // requests answered with a code
	wrong   atomic.Int64 // answers to what was not asked, and what makes no sense
	leaving atomic.Bool
	// again: who is lost comes back; connects is how long that takes.
	again    atomic.Bool
	connects histogram
	cut      atomic.Int64 // connections that ended before their handshake did
	stranded atomic.Int64 // those who could not come back
}

// gather brings n clients in, every fifth by WebSocket. They leave with the test.
func gather(t *testing.T, c *child, n int) *crowd {
	t.Helper()
	w := &crowd{t: t, addr: c.addr, peers: make([]atomic.Pointer[peer], n)}
	t.Cleanup(w.leave)
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	for k := range 16 {
		wg.Go(func() {
			for i := k; i < n && failed.Load() == nil; i += 16 {
				if err := w.enter(i); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		t.Fatalf("gather %d clients: %v", n, *err)
	}
	return w
}

// enter brings client i in.
func (w *crowd) enter(i int) error {
	p := &peer{crowd: w, way: way{no: i, web: i%5 == 4}, pending: map[uint32]struct{}{}}
	c, err := p.way.dial(w.addr)
	if err != nil {
		return err
	}
	p.conn = c
	w.peers[i].Store(p)
	w.readers.Go(p.read)
	return nil
}

// leave ends all clients, and waits for their goroutines.
func (w *crowd) leave() {
	w.leaving.Store(true)
	for i := range w.peers {
		if p := w.peers[i].Load(); p != nil {
			_ = p.conn.Close()
		}
	}
	w.readers.Wait()
}

// all calls f with each client.
func (w *crowd) all(f func(*peer)) {
	for i := range w.peers {
		if p := w.peers[i].Load(); p != nil {
			f(p)
		}
	}
}

// comeBack has client i connect, again when it is cut off on its way in. Who is not let in at all
// is stranded.
func (w *crowd) comeBack(i int) {
	begin := time.Now()
	for !w.leaving.Load() {
		err := w.enter(i)
		if err == nil {
			w.connects.add(time.Since(begin))
			break
		}
		if errors.Is(err, syscall.ECONNREFUSED) || time.Since(begin) > dialTime {
			w.stranded.Add(1)
			w.t.Logf("a client could not come back: %v", err)
			return
		}
		w.cut.Add(1)
		pause(time.Millisecond)
	}
	if p := w.peers[i].Load(); w.leaving.Load() {
		_ = p.conn.Close() // leave may have seen the one before
	}
}

// join makes all of them members of the group that is pushed to.
func (w *crowd) join() {
	w.t.Helper()
	w.all(func(p *peer) { p.ask("game.join", nil) })
	w.quiet()
}

// quiet waits until all that was asked is answered.
func (w *crowd) quiet() {
	w.t.Helper()
	await(w.t, 20*time.Second, "every request is answered, or its connection has ended", func() bool {
		left := 0
		w.all(func(p *peer) { left += p.unanswered() })
		return left == 0
	})
}

// load has all of them ask for echoes, rate in all a second, whoever is slow. It returns what ends it.
func (w *crowd) load(rate float64) (stop func()) {
	quit := make(chan struct{})
	var wg sync.WaitGroup
	const hands = 2
	for k := range hands {
		i := k
		wg.Go(func() {
			pace(rate/hands, quit, func(due time.Time) {
				if p := w.peers[i].Load(); p != nil {
					p.ask("game.echo", stamped(due, 0))
				}
				i = (i + hands) % len(w.peers)
			})
		})
	}
	return sync.OnceFunc(func() { close(quit); wg.Wait() })
}

// expectNoHarm fails when somebody was lost, or heard what makes no sense.
func (w *crowd) expectNoHarm() {
	w.t.Helper()
	if n := w.lost.Load(); n > 0 {
		w.t.Errorf("%d of %d clients that had done nothing were disconnected", n, len(w.peers))
	}
	w.expectSense()
}

func (w *crowd) expectSense() {
	w.t.Helper()
	if n := w.wrong.Load(); n > 0 {
		w.t.Errorf("%d messages made no sense, or answered what nobody had asked", n)
	}
	if n := w.stranded.Load(); n > 0 {
		w.t.Errorf("%d clients could not connect again", n)
	}
}
