package port

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// idleTime is how long a connection without a request is kept for the next.
const idleTime = 30 * time.Second

// slop is what net/http reads beyond its MaxHeaderBytes.
const slop = 4 << 10

func (l *live) newServer(rest http.Handler) *http.Server {
	if rest == nil {
		rest = http.HandlerFunc(upgradeRequired)
	}
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer dropPanicked(r)
			h := l.table.Load().handler(r)
			if h == nil {
				h = rest
			}
			h.ServeHTTP(w, r)
		}),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ReadHeaderTimeout: l.head,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    max(l.headBytes-slop, 1),
		ErrorLog:          slog.NewLogLogger(l.log.Handler(), slog.LevelWarn),
		ConnState:         l.seen,
	}
}

// connKey is what a request's connection is found by.
type connKey struct{}

// dropPanicked closes the connection under a handler that panics: net/http does not if the
// handler has taken it over.
func dropPanicked(r *http.Request) {
	if v := recover(); v != nil {
		if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			_ = c.Close()
		}
		panic(v) // net/http tells of it
	}
}

// seen counts a client out once its first head has been read, or it is gone.
func (l *live) seen(c net.Conn, s http.ConnState) {
	if s != http.StateNew {
		l.pending.remove(c)
	}
}

// upgradeRequired answers what is no business of anybody here.
func upgradeRequired(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Upgrade", "websocket")
	w.Header().Set("Connection", "close")
	http.Error(w, "Upgrade Required: this port serves game clients, over WebSocket or TCP.", http.StatusUpgradeRequired)
}

// queue is the listener of the HTTP server: clients are put into it.
type queue struct {
	addr  net.Addr
	conns chan net.Conn
	done  <-chan struct{} // the port closes
}

func (q *queue) put(c net.Conn) {
	select {
	case q.conns <- c:
	case <-q.done: // who closes the port closes c
	}
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case c := <-q.conns:
		return c, nil
	case <-q.done:
		return nil, net.ErrClosed
	}
}

func (q *queue) Addr() net.Addr { return q.addr }

// Close does nothing: the queue ends with the port.
func (q *queue) Close() error { return nil }
