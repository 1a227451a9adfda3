package port

import (
	"io"
	"net"
	"net/http"
	"reflect"
	"testing"
	"time"
)

// once is a listener that brings one connection.
type once struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *once) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *once) Close() error   { close(l.done); return nil }
func (l *once) Addr() net.Addr { return nowhere{} }

// asked is what net/http's server makes of s: nil where it does not ask the handler.
func asked(s string) *http.Request {
	client, server := net.Pipe()
	_ = client.SetDeadline(time.Now().Add(10 * time.Second))
	l := &once{make(chan net.Conn, 1), make(chan struct{})}
	l.conns <- server
	var got *http.Request
	h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got == nil {
			got = r
		}
		w.Header().Set("Connection", "close")
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Serve(l)
	}()
	go func() { _, _ = io.WriteString(client, s) }()
	_, _ = io.Copy(io.Discard, client) // to the end of the answer
	_ = client.Close()
	_ = h.Close()
	<-ended
	return got
}

// Whatever bytes come, alone, as what is asked for, or among good headers: what is served
// here, net/http's server would have served, as the same request.
func FuzzRequest(f *testing.F) {
	const line, fields = "GET /in/x HTTP/1.1\r\n", "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	for _, s := range []string{
		"", "GET /", line + fields + "\r\n", "X-A:  b \r\nx-a:c\r\n", "//a/%2e/?b#c", "/ ", "/ HTTP/1.0\r\nX:", "Host: b\r\n",
		"X : b\r\n", ": b\r\n", "Transfer-Encoding: chunked\r\n", "Pragma: no-cache\r\n", "Connection: x,close\r\n",
		"X: \x7f\r\n", "X: a\r\n b\r\n", "X: a\n", "Content-Length: 1\r\n", "\r\n", "X\r\n", "(): a\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, s := range []string{s, "GET /" + s + " HTTP/1.1\r\n" + fields + "\r\n", line + s + fields + "\r\n", line + fields + s + "\r\n"} {
			p := pages.Get().(*page)
			got := p.request(copy(p.bytes[:], s))
			p.giveBack()
			if got != nil {
				wantServed(t, got, s[:min(len(s), headSize)])
			}
		}
	})
}

// wantServed compares a request with what net/http's server makes of s. What is left out, a
// request has from its connection.
func wantServed(t *testing.T, got *http.Request, s string) {
	want := asked(s)
	if want == nil {
		t.Fatalf("net/http would not serve %q", s)
	}
	parts := func(r *http.Request) []any {
		return []any{r.Method, r.URL, r.RequestURI, r.Proto, r.Host, r.Header, r.Body, r.ContentLength, r.Close}
	}
	if got, want := parts(got), parts(want); !reflect.DeepEqual(got, want) {
		t.Errorf("request %+v, want %+v", got, want)
	}
}
