package port_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		server()
		return
	}
	leak.Main(m)
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// user claims first bytes of a port, and gets its clients through a channel.
func user(t *testing.T, p *port.Port, c port.Claim) (*port.Share, chan net.Conn) {
	t.Helper()
	conns, done := make(chan net.Conn), make(chan struct{})
	c.Conn = func(c net.Conn) {
		select {
		case conns <- c:
		case <-done:
			_ = c.Close()
		}
	}
	s, err := p.Listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(done)
		_ = s.Close()
	})
	return s, conns
}

func dial(t *testing.T, s *port.Share, first string) net.Conn {
	t.Helper()
	c, err := net.Dial(s.Addr().Network(), s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, first); err != nil {
		t.Fatal(err)
	}
	return c
}

func wantStart(t *testing.T, c net.Conn, want string) {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(patience))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func get(t *testing.T, s *port.Share, path, header string) string {
	t.Helper()
	c := dial(t, s, "GET "+path+" HTTP/1.0\r\n"+header+"\r\n")
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(b), "\r\n\r\n")
	return body
}

func TestTwoUsersOfOnePort(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0"}
	pomelo, pomelos := user(t, p, port.Claim{Bytes: []byte{1, 2, 3, 4, 5}})
	mqtt, mqtts := user(t, p, port.Claim{Bytes: []byte{0x10}})
	if pomelo.Addr().String() != mqtt.Addr().String() {
		t.Fatalf("addresses %v and %v", pomelo.Addr(), mqtt.Addr())
	}
	_ = dial(t, pomelo, "\x10mqtt")
	_ = dial(t, mqtt, "\x03pomelo")
	m, b := <-mqtts, <-pomelos
	defer m.Close()
	defer b.Close()
	wantStart(t, m, "\x10mqtt")
	wantStart(t, b, "\x03pomelo")
	if _, ok := port.Socket(b).(*net.TCPConn); !ok {
		t.Errorf("handed over a %T, want the kernel's socket", b)
	}

	// One leaves: the other stays, and so do its clients.
	if err := mqtt.Close(); err != nil {
		t.Fatal(err)
	}
	gone := dial(t, pomelo, "\x10")
	if n, err := gone.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		t.Errorf("a client of nobody read %d, %v", n, err)
	}
	_, _ = io.WriteString(m, "still")
	_ = dial(t, pomelo, "\x04more")
	again := <-pomelos
	defer again.Close()
	wantStart(t, again, "\x04more")
}

func TestTheLastUserClosesAndTheNextOpensAgain(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0"}
	for range 2 {
		s, err := p.Listen(t.Context(), port.Claim{Handler: says("here")})
		if err != nil {
			t.Fatal(err)
		}
		if got := get(t, s, "/", ""); got != "here" {
			t.Errorf("got %q", got)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := net.Dial("tcp", s.Addr().String()); err == nil {
			t.Error("somebody still listens")
		}
	}
}

func TestRequestsGoToTheClosestClaim(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", HTTP: says("rest")}
	var share *port.Share
	for text, c := range map[string]port.Claim{
		"any WebSocket": {Upgrade: true},
		"sio":           {Path: "/socket.io/"},
		"exact":         {Path: "/socket.io/exact"},
	} {
		c.Handler = says(text)
		share, _ = user(t, p, c)
	}
	const upgrade = "Connection: Upgrade\r\nUpgrade: WebSocket\r\n"
	for name, tt := range map[string]struct{ path, header, want string }{
		"claimed by nobody":       {"/page", "", "rest"},
		"an upgrade anywhere":     {"//page", upgrade, "any WebSocket"},
		"below a path":            {"/socket.io/?EIO=3", "", "sio"},
		"an upgrade below a path": {"/socket.io/x", upgrade, "sio"},
		"beside a path":           {"/socket.iox", "", "rest"},
		"exact path":              {"/socket.io/exact", "", "exact"},
		"below an exact path":     {"/socket.io/exact/x", "", "sio"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := get(t, share, tt.path, tt.header); got != tt.want {
				t.Errorf("served by %q, want %q", got, tt.want)
			}
		})
	}
}

func TestListenErrorsLeaveTheOthersAlone(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0"}
	first, _ := user(t, p, port.Claim{Bytes: []byte{4}, Handler: says("first")})
	for want, c := range map[string]port.Claim{
		"Claim.Bytes 0x04: claimed already": {Bytes: []byte{3, 4}},
		`Claim.Path "/": claimed already`:   {Handler: says("second")},
	} {
		if _, err := p.Listen(t.Context(), c); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if got := get(t, first, "/", ""); got != "first" {
		t.Errorf("got %q", got)
	}
}

func TestUnixSockets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)

	p := &port.Port{Addr: "unix:" + path}
	want := `Addr "unix:` + path + `": `
	if _, err := p.Listen(t.Context(), port.Claim{}); !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), want) {
		t.Fatalf("while somebody listens: %v", err)
	}
	_ = stale.Close()
	s, conns := user(t, p, port.Claim{Bytes: []byte{4}})
	_ = dial(t, s, "\x04x")
	c := <-conns
	defer c.Close()
	wantStart(t, c, "\x04x")
	if _, ok := port.Socket(c).(*net.UnixConn); !ok {
		t.Errorf("handed over a %T, want the kernel's socket", c)
	}
	_ = s.Close()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket file is left: %v", err)
	}
}

func TestAllClientsAreOneUsers(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", FirstByte: time.Nanosecond}
	s, conns := user(t, p, port.Claim{Any: true})
	silent := dial(t, s, "")
	c := <-conns
	defer c.Close()
	if _, err := io.WriteString(c, "you first"); err != nil {
		t.Fatal(err)
	}
	wantStart(t, silent, "you first")
	letter := dial(t, s, "GET / HTTP/1.0\r\n\r\n")
	l := <-conns
	defer l.Close()
	wantStart(t, l, "GET / HTTP/1.0\r\n\r\n")
	_ = letter.Close()
	for name, c := range map[string]port.Claim{
		"bytes": {Bytes: []byte{1}, Conn: func(net.Conn) {}}, "a path": {Handler: says("x")}, "all": {Any: true},
	} {
		if other, err := p.Listen(t.Context(), c); err == nil || !strings.Contains(err.Error(), "Claim.Any: claimed already") {
			t.Errorf("%s beside one who has all: %v and %v", name, other, err)
		}
	}
	shared := &port.Port{Addr: "127.0.0.1:0"}
	user(t, shared, port.Claim{Bytes: []byte{1}})
	if other, err := shared.Listen(t.Context(), port.Claim{Any: true}); err == nil {
		t.Errorf("all clients of a shared port: %v", other)
	}
}

func TestOneTooManyOnTheWayIn(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", Pending: 2}
	s, conns := user(t, p, port.Claim{Bytes: []byte{4}})
	silent := dial(t, s, "")
	head := dial(t, s, "GET / HT")
	refused := dial(t, s, "")
	if _, err := refused.Read(make([]byte, 1)); err == nil {
		t.Error("the third was not closed")
	}
	if got := p.Stats().Pending; got != 1 {
		t.Errorf("refused %d, want 1", got)
	}
	// Both may go on, and make room by that.
	_, _ = io.WriteString(head, "TP/1.0\r\n\r\n")
	if b, err := io.ReadAll(head); err != nil || !strings.HasPrefix(string(b), "HTTP/1.0 426 ") {
		t.Errorf("got %q, %v", b, err)
	}
	_, _ = io.WriteString(silent, "\x04")
	_ = (<-conns).Close()
	for range 5 {
		_ = dial(t, s, "\x04")
		_ = (<-conns).Close()
	}
}

func TestPortClosesOverThoseOnTheirWayIn(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0"}
	s, _ := user(t, p, port.Claim{Bytes: []byte{4}})
	for _, first := range []string{"", "GET / HT"} {
		_ = dial(t, s, first)
	}
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begin); d > time.Second {
		t.Errorf("Close took %v", d)
	}
}

// failing is a listener that brings errors before clients.
type failing struct {
	errs  []error
	conns []net.Conn
	done  chan struct{}
	tries chan time.Time
}

func (l *failing) Accept() (net.Conn, error) {
	l.tries <- time.Now()
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, err
	}
	if len(l.conns) > 0 {
		c := l.conns[0]
		l.conns = l.conns[1:]
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *failing) Close() error   { close(l.done); return nil }
func (l *failing) Addr() net.Addr { return &net.UnixAddr{Name: "failing", Net: "pipe"} }

func TestAcceptErrorsSlowDownAndAreToldOnce(t *testing.T) {
	client, end := net.Pipe()
	defer client.Close()
	emfile := &net.OpError{Op: "accept", Err: syscall.EMFILE}
	ln := &failing{errs: []error{emfile, emfile, emfile}, conns: []net.Conn{end}, done: make(chan struct{}), tries: make(chan time.Time, 10)}
	told := make(chan error, 10)
	p := &port.Port{Listener: ln}
	_, conns := user(t, p, port.Claim{Bytes: []byte{4}, Fail: func(err error) { told <- err }})
	go func() { _, _ = io.WriteString(client, "\x04x") }()
	c := <-conns
	defer c.Close()
	wantStart(t, c, "\x04x")
	if n, err := len(told), <-told; n != 1 || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("told %d times, %v", n, err)
	}
	// 5 ms, 10 ms and 20 ms lie between the tries, each a quarter less at the least.
	begin := <-ln.tries
	<-ln.tries
	<-ln.tries
	if d := (<-ln.tries).Sub(begin); d < 26*time.Millisecond {
		t.Errorf("four tries within %v", d)
	}
}

func TestAListenerClosedByOthersEndsAccepting(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 10)
	p := &port.Port{Listener: ln}
	s, err := p.Listen(t.Context(), port.Claim{Fail: func(err error) { told <- err }})
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	if err := <-told; !errors.Is(err, net.ErrClosed) {
		t.Errorf("told %v", err)
	}
	if err := s.Health(); !errors.Is(err, net.ErrClosed) || !strings.HasSuffix(err.Error(), "a given Listener cannot be opened again") {
		t.Errorf("health: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := p.Listen(t.Context(), port.Claim{}); err == nil || !strings.HasPrefix(err.Error(), "Listener ") {
		t.Errorf("listening again on a closed listener: %v", err)
	}
}

func TestAPanicEndsItsClientOnly(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", Pending: 1}
	s, err := p.Listen(context.Background(), port.Claim{Bytes: []byte{4}, Conn: func(net.Conn) { panic("a bug") }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 3 {
		c := dial(t, s, "\x04")
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("the client lives")
		}
	}
	if got := get(t, s, "/", ""); !strings.HasPrefix(got, "Upgrade Required") {
		t.Errorf("got %q", got)
	}
}

// panicking is a listener that does not hold what it promises.
type panicking struct{ *failing }

func (panicking) Accept() (net.Conn, error) { panic("in Accept") }

func TestAListenerThatPanicsEndsAcceptingOnly(t *testing.T) {
	told := make(chan error, 1)
	p := &port.Port{Listener: panicking{&failing{done: make(chan struct{})}}}
	share, err := p.Listen(t.Context(), port.Claim{Bytes: []byte{4}, Conn: func(net.Conn) {}, Fail: func(err error) { told <- err }})
	if err != nil {
		t.Fatal(err)
	}
	defer share.Close()
	if err := <-told; !strings.Contains(err.Error(), "in Accept") {
		t.Errorf("told %v", err)
	}
}
