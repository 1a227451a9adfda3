package hybrid_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/port"
)

func TestOpenConnectionsAreCountedUntilTheyAreClosed(t *testing.T) {
	certFile, keyFile, trust := certificate(t)
	for name, c := range map[string]*hybrid.Connector{
		"plain": {},
		"TLS":   {CertFile: certFile, KeyFile: keyFile},
	} {
		t.Run(name, func(t *testing.T) {
			c.Admit.MaxConns = 2
			l := listen(t, c)
			url := "ws://"
			if c.CertFile != "" {
				url = "wss://"
			}
			d := websocket.Dialer{TLSClientConfig: trust}
			for range 5 { // what is counted in is counted out
				a, _, err := d.Dial(url+l.Addr().String(), nil)
				if err != nil {
					t.Fatal(err)
				}
				b, _, err := d.Dial(url+l.Addr().String(), nil)
				if err != nil {
					t.Fatal(err)
				}
				conns := []connectors.Conn{accept(t, l), accept(t, l)}
				if got := c.Stats().Open; got != 2 {
					t.Errorf("%d are in, want 2", got)
				}
				if ws, _, err := d.Dial(url+l.Addr().String(), nil); err == nil {
					_ = ws.Close()
					t.Fatal("a third came in")
				}
				_, _ = a.Close(), b.Close()
				for _, c := range conns {
					wantEnd(t, c, io.EOF)
					c.Close(connectors.Reason{})
				}
				awaitOpen(t, c, 0)
			}
			if got := c.Stats().MaxConns; got != 5 {
				t.Errorf("%d were refused, want 5", got)
			}
		})
	}
}

// awaitOpen waits until so many are in: hanging up ends beside those who ask for it.
func awaitOpen(t *testing.T, c *hybrid.Connector, want int) {
	t.Helper()
	for end := time.Now().Add(patience); c.Stats().Open != want; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d are in, want %d", c.Stats().Open, want)
		}
	}
}

func TestProxiesAnnounceClients(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	seen := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) })
	l := listen(t, &hybrid.Connector{Proxy: port.Proxy{Trusted: loopback}, HTTP: seen})
	const header = "PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n"

	t.Run("stream", func(t *testing.T) {
		_ = dial(t, l, header+heartbeat)
		server := accept(t, l)
		wantFrames(t, server, heartbeat)
		if got := server.RemoteAddr().String(); got != "192.0.2.1:4711" {
			t.Errorf("remote address %s", got)
		}
		if got := server.Transport(); got != "tcp" {
			t.Errorf("transport %s", got)
		}
	})
	t.Run("WebSocket", func(t *testing.T) {
		d := websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
			c, err := net.Dial(network, addr)
			if err == nil {
				_, err = io.WriteString(c, header)
			}
			return c, err
		}}
		ws, _, err := d.Dial("ws://"+l.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		if got := accept(t, l).RemoteAddr().String(); got != "192.0.2.1:4711" {
			t.Errorf("remote address %s", got)
		}
	})
	t.Run("page", func(t *testing.T) {
		if got := fetch(t, l, header+"GET / HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "\r\n\r\n192.0.2.1:4711") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("none", func(t *testing.T) {
		c := dial(t, l, heartbeat)
		if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestAPortHasItsOwnAdmission(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", Admit: admit.Limits{MaxConns: 1}}
	for want, c := range map[string]*hybrid.Connector{
		"hybrid: Admit: Port has its own": {Port: p, Admit: admit.Limits{MaxConns: 1}},
		"hybrid: Proxy: Port has its own": {Port: p, Proxy: port.Proxy{Optional: true}},
	} {
		if _, err := c.Listen(t.Context()); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	c := &hybrid.Connector{Port: p}
	l := listen(t, c)
	_, _ = dialStream(t, l)
	refused := dial(t, l, "")
	if _, err := refused.Read(make([]byte, 1)); err == nil {
		t.Error("a second came in")
	}
	if got, want := c.Stats(), p.Stats(); got != want || got.MaxConns != 1 {
		t.Errorf("stats = %+v, the port's %+v", got, want)
	}
}
