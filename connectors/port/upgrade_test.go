package port_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

// Heads of upgrades: here is what the port serves itself. Of the other, net/http has to
// say what it thinks of the byte in it.
const (
	fields = "Host: game.example:80\r\nUser-Agent: x\r\ncOnNection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nCookie: a=1\r\nCookie: b=2\r\nX-Empty:\r\n"
	line  = "GET /a%20b/../c?d=e%20f;g HTTP/1.1\r\n"
	here  = line + fields + "X-Odd: a\r\n\r\n"
	there = line + fields + "X-Odd: \xff\r\n\r\n"
)

// isHere tells whether a request is served by the port itself.
func isHere(w http.ResponseWriter) bool {
	_, ok := w.(interface{ Take() (net.Conn, error) })
	return ok
}

func handle(f http.HandlerFunc) http.Handler { return f }

func TestWhichRequestsAreServedHere(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", HTTP: says("nobody's")}
	s, _ := user(t, p, port.Claim{Path: "/in/", Handler: handle(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, map[bool]string{true: "here", false: "there"}[isHere(w)])
	})})
	const start, basis = "GET /in/x HTTP/1.1\r\n", "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	for name, tt := range map[string]struct{ says, want string }{
		"an upgrade":                 {start + basis + "\r\n", "here"},
		"with all that is usual":     {strings.Replace(here, "/a", "/in/a", 1), "here"},
		"of 4 KiB":                   {start + basis + padding(4096-len(start+basis)-2) + "\r\n", "here"},
		"a longer one":               {start + basis + padding(4097-len(start+basis)-2) + "\r\n", "there"},
		"of 64 lines":                {start + basis + strings.Repeat("A: b\r\n", 60) + "\r\n", "here"},
		"of more":                    {start + basis + strings.Repeat("A: b\r\n", 61) + "\r\n", "there"},
		"nobody's":                   {"GET / HTTP/1.1\r\nConnection: close\r\n" + basis + "\r\n", "nobody's"},
		"nobody's, clean":            {"GET /out HTTP/1.1\r\n" + basis + "\r\n", "nobody's"},
		"a byte that is not ASCII":   {start + basis + "X: \xc3\xa4\r\n\r\n", "there"},
		"a tab":                      {start + basis + "X:\ta\r\n\r\n", "there"},
		"a page":                     {start + "Host: a\r\n\r\n", "there"},
		"no Connection":              {start + "Host: a\r\nUpgrade: websocket\r\n\r\n", "there"},
		"another Upgrade":            {start + "Host: a\r\nConnection: Upgrade\r\nUpgrade: tls\r\n\r\n", "there"},
		"that closes":                {start + basis + "Connection: close\r\n\r\n", "there"},
		"that posts":                 {"POST" + start[3:] + basis + "Content-Length: 1\r\n\r\nx", "there"},
		"that posts nothing":         {"POST" + start[3:] + basis + "\r\n", "there"},
		"a length":                   {start + basis + "Content-Length: 0\r\n\r\n", "there"},
		"a body":                     {start + basis + "Content-Length: 1\r\n\r\nx", "there"},
		"chunks":                     {start + basis + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "there"},
		"chunks and a length":        {start + basis + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "there"},
		"something to continue":      {start + basis + "Expect: 100-continue\r\n\r\n", "there"},
		"something behind":           {start + basis + "\r\n\x81\x80", "there"},
		"another request behind":     {start + basis + "\r\n" + start + basis + "\r\n", "there"},
		"an empty line behind":       {start + basis + "\r\n\r\n", "there"},
		"an absolute URL":            {"GET http://b/in/x HTTP/1.1\r\n" + basis + "\r\n", "there"},
		"of HTTP/1.0":                {"GET /in/x HTTP/1.0\r\n" + basis + "\r\n", "HTTP/1.0 200 OK"},
		"a host of another alphabet": {start + strings.Replace(basis, " a", " a%20", 1) + "\r\n", "there"},
		"lines without a return":     {strings.ReplaceAll(start+basis, "\r", "") + "\r\n\r\n", "there"},
		"a line within a value":      {start + basis + "X: a\r\n b\r\n\r\n", "there"},

		"no host":                   {start + basis[len("Host: a\r\n"):] + "\r\n", "HTTP/1.1 400"},
		"two hosts":                 {start + basis + "Host: b\r\n\r\n", "HTTP/1.1 400"},
		"a hostile host":            {start + strings.Replace(basis, " a", " <", 1) + "\r\n", "HTTP/1.1 400"},
		"a return in a value":       {start + basis + "X: a\rb\r\n\r\n", "HTTP/1.1 400"},
		"a zero in a value":         {start + basis + "X: a\x00b\r\n\r\n", "HTTP/1.1 400"},
		"a space in a name":         {start + basis + "X X: a\r\n\r\n", "HTTP/1.1 400"},
		"a space behind a name":     {start + basis + "X : a\r\n\r\n", "HTTP/1.1 400"},
		"no name":                   {start + basis + ": a\r\n\r\n", "HTTP/1.1 400"},
		"a name in brackets":        {start + basis + "(X): a\r\n\r\n", "HTTP/1.1 400"},
		"no colon":                  {start + basis + "X\r\n\r\n", "HTTP/1.1 400"},
		"a hostile path":            {"GET /in/%zz HTTP/1.1\r\n" + basis + "\r\n", "HTTP/1.1 400"},
		"a version of its own":      {"GET /in/x HTTP/1.9x\r\n" + basis + "\r\n", "HTTP/1.1 400"},
		"HTTP/2":                    {"GET /in/x HTTP/2.0\r\n" + basis + "\r\n", "HTTP/1.1 505"},
		"an encoding of its own":    {start + basis + "Transfer-Encoding: x\r\n\r\n", "HTTP/1.1 501"},
		"an expectation of its own": {start + basis + "Expect: x\r\n\r\n", "HTTP/1.1 417"},
		"of 8 KiB":                  {start + basis + padding(8192-len(start+basis)-2) + "\r\n", "there"},
		"larger than that":          {start + basis + padding(8193-len(start+basis)-2) + "\r\n", "HTTP/1.1 431"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, s, tt.says)
			_ = c.(*net.TCPConn).CloseWrite()
			b, _ := io.ReadAll(c) // some are closed with a reset
			head, body, _ := strings.Cut(string(b), "\r\n\r\n")
			if strings.HasPrefix(head, "HTTP/1.1 200 ") {
				head = body
			}
			if !strings.HasPrefix(head, tt.want) {
				t.Errorf("answered %q, want %q", b, tt.want)
			}
		})
	}
}

// padding is a field of n bytes.
func padding(n int) string { return "X: " + strings.Repeat("a", n-5) + "\r\n" }

// seen is what a handler sees.
type seen struct {
	here          bool
	request       *http.Request
	server, local any
	tls           *tls.ConnectionState
	done          error
}

// look is a handler that tells what it sees.
func look(to chan<- seen) http.Handler {
	return handle(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		s := seen{isHere(w), r.Clone(context.Background()), ctx.Value(http.ServerContextKey), ctx.Value(http.LocalAddrContextKey), r.TLS, ctx.Err()}
		s.request.TLS = nil // compared on its own: it has functions
		to <- s
		w.Header().Set("Connection", "close")
	})
}

func TestAHandlerSeesTheSameBothWays(t *testing.T) {
	cert, key := pems(t, "game.example")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	const header = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n"
	loopback := port.Proxy{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	optional := port.Proxy{Trusted: loopback.Trusted, Optional: true}
	for name, tt := range map[string]struct {
		port   *port.Port
		before string
	}{
		"TCP":                              {&port.Port{Addr: "127.0.0.1:0"}, ""},
		"a unix socket":                    {&port.Port{Addr: "unix:" + filepath.Join(t.TempDir(), "s")}, ""},
		"TLS":                              {&port.Port{Addr: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}, ""},
		"a proxy":                          {&port.Port{Addr: "127.0.0.1:0", Proxy: loopback}, header},
		"a proxy that need not say so":     {&port.Port{Addr: "127.0.0.1:0", Proxy: optional}, header},
		"a proxy that says nothing":        {&port.Port{Addr: "127.0.0.1:0", Proxy: optional}, ""},
		"a proxy before TLS":               {&port.Port{Addr: "127.0.0.1:0", Proxy: loopback, TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}, header},
		"a listener of the user's":         {&port.Port{Listener: wrapping(t)}, ""},
		"the same behind a proxy":          {&port.Port{Listener: wrapping(t), Proxy: loopback}, header},
		"a TLS listener of the user's own": {&port.Port{Listener: tls.NewListener(wrapping(t), &tls.Config{Certificates: []tls.Certificate{pair}})}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			to := make(chan seen, 1)
			s, _ := user(t, tt.port, port.Claim{Handler: look(to)})
			a, b := ask(t, s, tt.before, strings.Contains(name, "TLS"), here, to), ask(t, s, tt.before, strings.Contains(name, "TLS"), there, to)
			if !a.here || b.here {
				t.Fatalf("served here: %v and %v", a.here, b.here)
			}
			a.request.Header.Del("X-Odd")
			b.request.Header.Del("X-Odd")
			if a.request.RemoteAddr != b.request.RemoteAddr && tt.before != "" {
				t.Errorf("remote addresses %s and %s", a.request.RemoteAddr, b.request.RemoteAddr)
			}
			if (a.request.RemoteAddr == "") != (b.request.RemoteAddr == "") {
				t.Errorf("remote addresses %q and %q", a.request.RemoteAddr, b.request.RemoteAddr)
			}
			a.request.RemoteAddr = b.request.RemoteAddr // else of two connections
			if !reflect.DeepEqual(a.request, b.request) {
				t.Errorf("request here\n%+v, there\n%+v", a.request, b.request)
			}
			if a.server != b.server || fmt.Sprint(a.local) != fmt.Sprint(b.local) || a.done != nil || b.done != nil {
				t.Errorf("context here %v %v %v, there %v %v %v", a.server, a.local, a.done, b.server, b.local, b.done)
			}
			if (a.tls == nil) != (b.tls == nil) || a.tls != nil && (a.tls.Version != b.tls.Version || a.tls.ServerName != b.tls.ServerName) {
				t.Errorf("TLS here %+v, there %+v", a.tls, b.tls)
			}
		})
	}
}

// wrapping is a listener whose connections are not the kernel's.
func wrapping(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return wrapper{ln}
}

type wrapper struct{ net.Listener }

func (l wrapper) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &citizen{c, c.RemoteAddr()}, nil
}

// ask sends a head and returns what the handler has seen.
func ask(t *testing.T, s *port.Share, before string, secure bool, head string, to <-chan seen) seen {
	t.Helper()
	c := dial(t, s, before)
	if secure {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true, ServerName: "game.example"})
	}
	_, _ = io.WriteString(c, head)
	if b, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 200 OK\r\n") {
		t.Fatalf("answered %q, %v", b, err)
	}
	return <-to
}

// told is where log lines come out.
type told chan string

func (c told) Write(b []byte) (int, error) {
	c <- string(b)
	return len(b), nil
}

func TestPanicsOfHandlersBothWays(t *testing.T) {
	for name, tt := range map[string]struct {
		panics any
		before func(http.ResponseWriter)
		logged bool
	}{
		"at once":                           {"a bug", nil, true},
		"on purpose":                        {http.ErrAbortHandler, nil, false},
		"in an answer":                      {"a bug", func(w http.ResponseWriter) { fmt.Fprint(w, "half") }, true},
		"after taking over":                 {"a bug", func(w http.ResponseWriter) { _, _, _ = w.(http.Hijacker).Hijack() }, true},
		"of a kind that cannot be compared": {[]int{1}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, head := range []string{here, there} {
				log := make(told, 8)
				p := &port.Port{Addr: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(log, nil))}
				s, _ := user(t, p, port.Claim{Handler: handle(func(w http.ResponseWriter, _ *http.Request) {
					if tt.before != nil {
						tt.before(w)
					}
					panic(tt.panics)
				})})
				c := dial(t, s, head)
				if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
					t.Errorf("got %q, %v", b, err)
				}
				_ = c.Close()
				if !tt.logged {
					if len(log) > 0 {
						t.Errorf("logged %q", <-log)
					}
				} else if got := <-log; !strings.Contains(got, "http: panic serving "+c.LocalAddr().String()+": ") {
					t.Errorf("logged %q", got)
				}
			}
		})
	}
}

func TestHandlersAreNotPending(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", Pending: 1}
	in, out := make(chan struct{}), make(chan struct{})
	s, _ := user(t, p, port.Claim{Handler: handle(func(http.ResponseWriter, *http.Request) {
		in <- struct{}{}
		<-out
	})})
	for range 3 {
		_ = dial(t, s, here)
		<-in
	}
	close(out)
	if n := p.Stats().Pending; n != 0 {
		t.Errorf("%d were refused", n)
	}
}

func TestThePortClosesUnderHandlersOfUpgrades(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0"}
	in, result := make(chan struct{}), make(chan error)
	s, err := p.Listen(t.Context(), port.Claim{Handler: handle(func(w http.ResponseWriter, r *http.Request) {
		close(in)
		<-r.Context().Done()
		_, _, err := w.(http.Hijacker).Hijack()
		result <- err
	})})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, s, here)
	<-in
	if err := s.Close(); err != nil { // it does not wait for the handler
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
		t.Errorf("got %q, %v", b, err)
	}
	if err := <-result; err == nil {
		t.Error("the connection was taken over")
	}
}

func TestTheContextEndsWithTheHandler(t *testing.T) {
	ctxs := make(chan context.Context, 1)
	s, _ := user(t, &port.Port{Addr: "127.0.0.1:0"}, port.Claim{Handler: handle(func(_ http.ResponseWriter, r *http.Request) { ctxs <- r.Context() })})
	_, _ = answered(t, s, here)
	<-(<-ctxs).Done()
}

// Who takes a connection over has no deadline of the port's.
func TestNoDeadlineIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTown()
		s, err := (&port.Port{Listener: l}).Listen(t.Context(), port.Claim{Handler: takers["goes on behind the handler"]})
		if err != nil {
			t.Fatal(err)
		}
		c := l.dial(t, "192.0.2.1:1", here)
		for range 3 {
			time.Sleep(time.Hour)
			_, _ = io.WriteString(c, "x")
		}
		_ = c.SetReadDeadline(time.Now().Add(patience))
		b := make([]byte, 1<<10)
		n, err := io.ReadAtLeast(c, b, len("HTTP/1.1 101 Switching Protocols\r\n\r\nxxx"))
		if err != nil || !strings.HasSuffix(string(b[:n]), "\r\n\r\nxxx") {
			t.Errorf("got %q, %v", b[:n], err)
		}
		_ = c.Close()
		_ = s.Close()
	})
}

// A head that comes in pieces is net/http's.
func TestAHeadInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, to := newTown(), make(chan seen, 1)
		s, err := (&port.Port{Listener: l}).Listen(t.Context(), port.Claim{Handler: look(to)})
		if err != nil {
			t.Fatal(err)
		}
		for i := range len(here) + 1 {
			c := l.dial(t, "192.0.2.1:1", here[:i])
			synctest.Wait()
			_, _ = io.WriteString(c, here[i:])
			if _, err := io.ReadAll(c); err != nil {
				t.Fatal(err)
			}
			if got, want := (<-to).here, i == 0 || i == len(here); got != want {
				t.Errorf("cut at %d: served here = %v", i, got)
			}
			_ = c.Close()
		}
		_ = s.Close()
	})
}
