package port

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime/debug"
)

// upgrade is a request for a WebSocket that has been taken off its connection.
type upgrade struct {
	net.Conn
	request *http.Request
	handler http.Handler
	cancel  context.CancelFunc // of the request
}

// Close ends the request too.
func (u *upgrade) Close() error {
	u.cancel()
	return u.Conn.Close()
}

// upgrade takes a request off c, if it is one for a WebSocket, is claimed, and is all
// that the client has said by now: such a client is served here, for half of what it
// costs in net/http's server and without the buffers that it leaves behind. Otherwise
// there is none, and c is as it was: what is odd, and who is slow, is the server's.
func (l *live) upgrade(c net.Conn) (*upgrade, error) {
	p := pages.Get().(*page)
	defer p.giveBack()
	n := ahead(c, p.bytes[:])
	r := p.request(n)
	if r == nil {
		return nil, nil
	}
	handler := l.table.Load().handler(r)
	if handler == nil {
		return nil, nil
	}
	if _, err := io.ReadFull(c, p.bytes[:n]); err != nil { // it does not wait: they are there
		return nil, err
	}
	c = original(c)
	ctx, cancel := context.WithCancel(l.context(c))
	return &upgrade{Conn: c, request: asServed(r.WithContext(ctx), c), handler: handler, cancel: cancel}, nil
}

// context is what net/http's server derives those of requests from.
func (l *live) context(c net.Conn) context.Context {
	ctx := context.WithValue(context.Background(), http.ServerContextKey, l.http)
	return context.WithValue(ctx, http.LocalAddrContextKey, c.LocalAddr())
}

// asServed adds to r what net/http's server knows of its connection.
func asServed(r *http.Request, c net.Conn) *http.Request {
	if a := c.RemoteAddr(); a != nil {
		r.RemoteAddr = a.String()
	}
	if t, ok := Socket(c).(*tls.Conn); ok {
		state := t.ConnectionState()
		r.TLS = &state
	}
	return r
}

// serve runs the handler of an upgrade, as net/http's server would. The port may close
// meanwhile: it closes the connection then, if that has not been taken over, and waits
// for no handler.
func (l *live) serve(u *upgrade) {
	defer func() {
		v := recover()
		u.cancel()
		if v != nil && v != http.ErrAbortHandler {
			l.http.ErrorLog.Printf("http: panic serving %v: %v\n%s", u.request.RemoteAddr, v, debug.Stack())
		}
		if l.serving.remove(u) || v != nil {
			_ = u.Close()
		}
	}()
	a := &answer{upgrade: u, serving: &l.serving}
	u.handler.ServeHTTP(a, u.request)
	a.finish()
}
