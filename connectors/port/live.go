package port

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
)

// live is an open port. Its goroutines are the accept loop, the HTTP server, and
// one for each client that is being told apart; close waits for all of them.
type live struct {
	limits
	ln       net.Listener
	tls      *tls.Config // nil: clients speak plainly
	table    atomic.Pointer[table]
	gate     *admit.Gate // the Port's: those who are in outlive the live
	trusted  admit.Prefixes
	optional bool // Proxy.Optional
	pending  waiting
	log      *slog.Logger
	heads    *queue // to http
	http     *http.Server
	done     chan struct{}
	wg       sync.WaitGroup
}

// start sets it going.
func (l *live) start(rest http.Handler, t *table) {
	l.pending.limit = l.limits.pending
	l.table.Store(t)
	l.heads = &queue{addr: l.ln.Addr(), conns: make(chan net.Conn), done: l.done}
	l.http = l.newServer(rest)
	l.wg.Go(l.accept)
	l.wg.Go(func() { _ = l.http.Serve(l.heads) }) // it ends with the queue
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
//
// A panic of a listener that users gave ends accepting, not the process.
func (l *live) accept() {
	defer func() {
		if v := recover(); v != nil {
			l.fail(fmt.Errorf("panic in Accept: %v", v))
		}
	}()
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

// take lets a client in, or closes it. Of what a proxy speaks for, only the number
// counts here: the rest is asked when its header has come.
func (l *live) take(c net.Conn) {
	g := &guest{Conn: c}
	from := admit.AddrOf(c.RemoteAddr())
	announced := l.trusts(from)
	if announced {
		from = netip.Addr{}
	}
	if l.gate.Enter(&g.place, from, time.Now()) != admit.None {
		_ = g.Close()
		return
	}
	if !l.pending.enter(g) {
		l.gate.Refuse(admit.Pending)
		_ = g.Close()
		return
	}
	l.wg.Go(func() { l.sort(g, announced) })
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
