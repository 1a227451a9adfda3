//go:build linux

package stress_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
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

// peer is one client.
type peer struct {
	crowd *crowd
	way   way
	conn  net.Conn
	beats atomic.Int64 // pushes received

	mu      sync.Mutex // the reader and the load
	next    uint32
	newest  uint32 // id that has been answered
	pending map[uint32]struct{}
	ended   bool
	err     error
	kicked  string // the reason of a kick
	out     []byte
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

// readSize is what a client holds to read with.
const readSize = 2 << 10

// read is a client's own goroutine.
func (p *peer) read() {
	buf, n := make([]byte, readSize), 0
	for {
		got, err := p.conn.Read(buf[n:])
		now := time.Now()
		n += got
		rest := p.packages(buf[:n], now)
		if n = copy(buf, rest); n == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
		if err != nil {
			p.end(err)
			return
		}
	}
}

// packages handles all that are whole, and returns the rest.
func (p *peer) packages(b []byte, now time.Time) []byte {
	for len(b) >= pomelo.HeaderLen {
		n := pomelo.HeaderLen + bodyLen(b)
		if len(b) < n {
			break
		}
		switch b[0] {
		case pomelo.TypeData:
			p.message(b[pomelo.HeaderLen:n], now)
		case pomelo.TypeKick:
			p.mu.Lock()
			p.kicked = string(b[pomelo.HeaderLen:n])
			p.mu.Unlock()
		}
		b = b[n:]
	}
	return b
}

func (p *peer) message(b []byte, now time.Time) {
	m, ok := parse(b)
	switch {
	case !ok:
		p.crowd.wrong.Add(1)
	case m.typ == push:
		p.beats.Add(1)
		p.crowd.beat.note(stampOf(m.body), now)
	default:
		p.answered(m, now)
	}
}

func (p *peer) answered(m message, now time.Time) {
	p.mu.Lock()
	_, asked := p.pending[m.id]
	delete(p.pending, m.id)
	p.newest = max(p.newest, m.id)
	p.mu.Unlock()
	switch at := stampOf(m.body); {
	case !asked:
		p.crowd.wrong.Add(1)
	case at != 0:
		p.crowd.answer.note(at, now)
	case strings.HasPrefix(string(m.body), `{"code"`):
		p.crowd.refused.Add(1)
	}
}

// end is how a connection ends, wanted or not.
func (p *peer) end(err error) {
	_ = p.conn.Close()
	p.mu.Lock()
	p.ended, p.err = true, err
	p.mu.Unlock()
	w := p.crowd
	if w.leaving.Load() {
		return
	}
	w.lost.Add(1)
	if w.again.Load() {
		w.comeBack(p.way.no)
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

// ask sends a request. One to a connection that has ended is none.
func (p *peer) ask(route string, body []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.next++
	p.pending[p.next] = struct{}{}
	p.out = appendRequest(p.out[:0], p.next, route, body)
	_, _ = p.conn.Write(p.out) // that it has ended, the reader says
	return true
}

// unanswered counts what is asked and not answered, of connections that live.
func (p *peer) unanswered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return 0
	}
	return len(p.pending)
}

// told is the reason that the server gave for ending: the body of a kick, or the WebSocket
// close code.
func (p *peer) told() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var closed *websocket.CloseError
	switch {
	case p.kicked != "":
		return p.kicked
	case errors.As(p.err, &closed):
		return fmt.Sprintf("close %d", closed.Code)
	}
	return ""
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
