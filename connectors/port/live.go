package port

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// live is an open port. Its goroutines are the accept loop, the HTTP server, and
// one for each client that is being told apart; close waits for all of them.
type live struct {
	limits
	ln      net.Listener
	tls     *tls.Config // nil: clients speak plainly
	table   atomic.Pointer[table]
	pending gate
	refused *atomic.Uint64
	log     *slog.Logger
	heads   *queue // to http
	http    *http.Server
	done    chan struct{}
	wg      sync.WaitGroup
}

func (p *Port) start(ln net.Listener, conf *tls.Config, t *table) *live {
	l := &live{
		limits:  p.limits(),
		ln:      ln,
		tls:     conf,
		refused: &p.refused,
		log:     p.Logger,
		done:    make(chan struct{}),
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	l.pending.limit = l.limits.pending
	l.table.Store(t)
	l.heads = &queue{addr: ln.Addr(), conns: make(chan net.Conn), done: l.done}
	l.http = l.newServer(p.HTTP)
	l.wg.Go(l.accept)
	l.wg.Go(func() { _ = l.http.Serve(l.heads) }) // it ends with the queue
	return l
}

func (l *live) close() error {
	close(l.done)
	err := l.ln.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // somebody else's listener, closed by them
	}
	_ = l.http.Close()
	l.pending.shut()
	l.wg.Wait()
	return err
}

// Waits between two tries to accept that failed.
const (
	firstWait = 5 * time.Millisecond
	lastWait  = time.Second
)

// accept hands each client to a goroutine that tells what it is. Errors (no file
// descriptor is left, most of all) slow it down; users hear of the first in a row.
func (l *live) accept() {
	wait := firstWait
	for {
		c, err := l.ln.Accept()
		switch {
		case err == nil:
			wait = firstWait
			l.take(c)
			continue
		case l.closed():
			return
		case errors.Is(err, net.ErrClosed):
			l.fail(err)
			return
		case wait == firstWait:
			l.fail(err)
		}
		if !l.pause(wait) {
			return
		}
		wait = min(2*wait, lastWait)
	}
}

func (l *live) take(c net.Conn) {
	if !l.pending.enter(c) {
		l.refused.Add(1)
		_ = c.Close()
		return
	}
	l.wg.Go(func() { l.sort(c) })
}

func (l *live) fail(err error) {
	l.log.Error("accept failed", "addr", l.ln.Addr(), "error", err)
	for _, s := range l.table.Load().shares {
		s.claim.Fail(err)
	}
}

func (l *live) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.done:
		return false
	}
}

func (l *live) closed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// gate counts the clients on their way in. It has a mutex because they come and
// go on their own goroutines.
type gate struct {
	limit int

	mu     sync.Mutex
	n      int
	conns  map[net.Conn]struct{} // those that shut closes
	closed bool
}

// enter counts c in, unless there are too many.
func (g *gate) enter(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.n >= g.limit {
		return false
	}
	if g.conns == nil {
		g.conns = map[net.Conn]struct{}{}
	}
	g.n++
	g.conns[c] = struct{}{}
	return true
}

// swap makes c known by what was made of it. It tells whether c was there.
func (g *gate) swap(c, made net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.conns[c]; !ok {
		return false
	}
	delete(g.conns, c)
	g.conns[made] = struct{}{}
	return true
}

// release leaves c counted, but no longer to be closed by shut. It tells whether
// c was there.
func (g *gate) release(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.conns[c]; !ok {
		return false
	}
	delete(g.conns, c)
	return true
}

// leave counts out one that was released.
func (g *gate) leave() {
	g.mu.Lock()
	g.n--
	g.mu.Unlock()
}

// shut closes all clients on their way in, and lets no more in.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.n -= len(g.conns)
	for c := range g.conns {
		_ = c.Close()
	}
	clear(g.conns)
}
