package port

import (
	"crypto/tls"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
)

// live is an open port. Its goroutines are the accept loop, the HTTP server, and
// one for each client that is being told apart; close waits for all of them, but not
// for the handler of an upgrade that goes on there.
type live struct {
	limits
	place    *place
	tuner    tuner
	reserve  reserve     // the accept loop's
	counts   *counts     // the Port's, as gate
	tls      *tls.Config // nil: clients speak plainly
	table    atomic.Pointer[table]
	gate     *admit.Gate // the Port's: those who are in outlive the live
	trusted  admit.Prefixes
	optional bool // Proxy.Optional
	pending  waiting
	serving  waiting // upgrades whose connections are not taken over yet
	log      *slog.Logger
	heads    *queue // to http
	http     *http.Server
	done     chan struct{}
	wg       sync.WaitGroup
}

// start sets it going.
func (l *live) start(rest http.Handler, t *table) {
	l.pending.limit, l.serving.limit = l.limits.pending, math.MaxInt
	l.table.Store(t)
	l.heads = &queue{addr: l.place.addr, conns: make(chan net.Conn), done: l.done}
	l.http = l.newServer(rest)
	l.reserve.take()
	l.wg.Go(l.accept)
	l.wg.Go(func() { _ = l.http.Serve(l.heads) }) // it ends with the queue
}

func (l *live) close() error {
	close(l.done)
	err := l.place.close()
	_ = l.http.Close()
	l.pending.shut()
	l.serving.shut()
	l.wg.Wait()
	l.reserve.release()
	return err
}

// take lets a client in, or closes it. Of what a proxy speaks for, only the number
// counts here: the rest is asked when its header has come.
func (l *live) take(c net.Conn) {
	g := &guest{Conn: shielded(c)}
	from := admit.AddrOf(g.RemoteAddr())
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
	l.wg.Add(1)
	go func() {
		u := l.sort(g, announced)
		l.wg.Done()
		if u != nil {
			l.serve(u)
		}
	}()
}
