package port_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/port"
)

// town is a listener without a network, whose clients have the addresses they say.
// It works in bubbles.
type town struct {
	*memory.Listener
	from chan string
}

func newTown() *town { return &town{memory.Listen("town"), make(chan string, 1)} }

func (l *town) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	from := <-l.from
	if from == "" {
		return c, nil
	}
	return &citizen{c, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}, nil
}

type citizen struct {
	net.Conn
	from net.Addr
}

func (c *citizen) RemoteAddr() net.Addr { return c.from }

// dial comes from an address and says something.
func (l *town) dial(t *testing.T, from, first string) net.Conn {
	t.Helper()
	l.from <- from
	c, err := l.Listener.Dial()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, first)
	return c
}

// closed tells, in a bubble, whether the other end has closed by now.
func closed(c net.Conn) bool {
	synctest.Wait()
	_ = c.SetReadDeadline(time.Now().Add(1))
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// inTown runs f in a bubble with an open port and those who were handed over.
func inTown(t *testing.T, p *port.Port, f func(*testing.T, *town, chan net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l, conns := newTown(), make(chan net.Conn, 100)
		p.Listener = l
		s, err := p.Listen(t.Context(), port.Claim{Bytes: []byte{4}, Conn: func(c net.Conn) { conns <- c }})
		if err != nil {
			t.Fatal(err)
		}
		f(t, l, conns)
		_ = s.Close()
	})
}

// A step is one client that comes: after what time, from where, and whether it is
// closed at once. Silent clients count.
type step struct {
	after  time.Duration
	from   string
	closed bool
}

func TestAdmission(t *testing.T) {
	const a, b = "192.0.2.1:1", "192.0.2.2:1"
	deny := admit.NewFilter(admit.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/32")}})
	for name, tt := range map[string]struct {
		admit admit.Limits
		steps []step
		want  admit.Stats
	}{
		"nothing":         {admit.Limits{}, []step{{0, a, false}, {0, b, false}, {0, a, false}}, admit.Stats{Open: 3}},
		"MaxConns":        {admit.Limits{MaxConns: 2}, []step{{0, a, false}, {0, b, false}, {0, a, true}, {0, "", true}}, admit.Stats{Open: 2, MaxConns: 2}},
		"PerAddress":      {admit.Limits{PerAddress: 1}, []step{{0, a, false}, {0, a, true}, {0, "192.0.2.1:2", true}, {0, b, false}, {0, "", false}, {0, "", false}}, admit.Stats{Open: 4, Addresses: 2, PerAddress: 2}},
		"Rate":            {admit.Limits{Rate: admit.Rate{PerSecond: 1}}, []step{{0, a, false}, {0, b, true}, {time.Second, b, false}}, admit.Stats{Open: 2, Rate: 1}},
		"a burst of Rate": {admit.Limits{Rate: admit.Rate{PerSecond: 1, Burst: 2}}, []step{{0, a, false}, {0, b, false}, {0, b, true}, {999 * time.Millisecond, b, true}, {time.Millisecond, b, false}}, admit.Stats{Open: 3, Rate: 2}},
		"AddressRate":     {admit.Limits{AddressRate: admit.Rate{PerSecond: 1}}, []step{{0, a, false}, {0, a, true}, {0, b, false}, {time.Second, a, false}}, admit.Stats{Open: 3, Addresses: 2, AddressRate: 1}},
		"Filter":          {admit.Limits{Filter: deny}, []step{{0, a, false}, {0, b, true}, {0, "[::ffff:192.0.2.2]:1", true}, {0, "", false}}, admit.Stats{Open: 2, Filter: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &port.Port{Admit: tt.admit, FirstByte: time.Minute}
			inTown(t, p, func(t *testing.T, l *town, _ chan net.Conn) {
				for i, s := range tt.steps {
					time.Sleep(s.after)
					c := l.dial(t, s.from, "")
					defer c.Close()
					if got := closed(c); got != s.closed {
						t.Errorf("step %d: closed = %v, want %v", i, got, s.closed)
					}
				}
				if got := p.Stats(); got != tt.want {
					t.Errorf("stats = %+v, want %+v", got, tt.want)
				}
			})
			if got := p.Stats().Open; got != 0 {
				t.Errorf("%d are in after the port has closed", got)
			}
		})
	}
}

// A client is in from accept until its connection is closed, however it goes on.
func TestWhoIsInAndUntilWhen(t *testing.T) {
	p := &port.Port{FirstByte: 3 * time.Second, HTTP: http.HandlerFunc(hijack)}
	inTown(t, p, func(t *testing.T, l *town, conns chan net.Conn) {
		want := func(n int, when string) {
			t.Helper()
			synctest.Wait()
			if got := p.Stats().Open; got != n {
				t.Errorf("%s: %d are in, want %d", when, got, n)
			}
		}
		silent := l.dial(t, "192.0.2.1:1", "")
		defer silent.Close()
		want(1, "a silent client")
		time.Sleep(3 * time.Second)
		want(0, "it was silent for too long")

		nobody := l.dial(t, "192.0.2.1:1", "\x09")
		want(0, "nobody's client")
		_ = nobody.Close()

		stream := l.dial(t, "192.0.2.1:1", "\x04")
		want(1, "a client that was handed over")
		_ = stream.Close()
		want(1, "it has gone, but nobody has closed")
		c := <-conns
		_, _ = c.Close(), c.Close()
		want(0, "closed, and once more")

		web := l.dial(t, "192.0.2.1:1", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		want(1, "a client that a handler took over")
		_, _ = io.WriteString(web, "end")
		want(0, "the handler closed it")
		_ = web.Close()
	})
}

// hijack takes a connection over, and closes it when something comes.
func hijack(w http.ResponseWriter, _ *http.Request) {
	c, _, _ := http.NewResponseController(w).Hijack()
	_ = c.SetDeadline(time.Time{})
	_, _ = c.Read(make([]byte, 1))
	_ = c.Close()
}

func TestRulesChangeAtRunTime(t *testing.T) {
	f := &admit.Filter{}
	p := &port.Port{Admit: admit.Limits{Filter: f}}
	inTown(t, p, func(t *testing.T, l *town, _ chan net.Conn) {
		before := l.dial(t, "192.0.2.1:1", "")
		defer before.Close()
		synctest.Wait() // it is accepted
		if err := f.Set(admit.Rules{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}); err != nil {
			t.Fatal(err)
		}
		after := l.dial(t, "192.0.2.1:1", "")
		defer after.Close()
		if closed(before) || !closed(after) {
			t.Error("rules are for those who come later, and for all of them")
		}
	})
}

// F6: what is refused lowers nothing for good.
func TestTenThousandRefused(t *testing.T) {
	p := &port.Port{Admit: admit.Limits{MaxConns: 2, PerAddress: 2, AddressRate: admit.Rate{PerSecond: 1000, Burst: 1000}}}
	inTown(t, p, func(t *testing.T, l *town, conns chan net.Conn) {
		for range 2 {
			defer l.dial(t, "192.0.2.1:1", "\x04").Close()
		}
		first, second := <-conns, <-conns
		const attempts = 10_000
		for i := range attempts {
			from := "192.0.2.1:1"
			if i%2 == 0 {
				from = "198.51.100.1:1"
			}
			c := l.dial(t, from, "\x04")
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Fatalf("attempt %d: %v, want it closed", i, err)
			}
			_ = c.Close()
		}
		want := admit.Stats{Open: 2, Addresses: 1, MaxConns: attempts / 2, PerAddress: attempts / 2}
		if got := p.Stats(); got != want {
			t.Errorf("stats = %+v, want %+v", got, want)
		}
		_, _ = first.Close(), second.Close()
		for i := range 2 {
			defer l.dial(t, "192.0.2.1:1", "\x04").Close()
			defer func() { _ = (<-conns).Close() }()
			synctest.Wait()
			if got := p.Stats().Open; got != i+1 {
				t.Fatalf("%d are in, want %d", got, i+1)
			}
		}
	})
}

// spoken is what comes on one connection.
type spoken struct {
	from, says string
	remote     string // what is handed over comes from; "" when it is closed
	later      string // what comes after a pause of two seconds
}

func TestProxies(t *testing.T) {
	const (
		trusted = "10.0.0.1:1"
		v1      = "PROXY TCP4 192.0.2.1 10.0.0.9 4711 443\r\n"
		v2      = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\x0a\x00\x00\x09\x12\x67\x01\xbb"
		local   = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
		unknown = "PROXY UNKNOWN\r\n"
		client  = "192.0.2.1:4711"
	)
	require := port.Proxy{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	optional := port.Proxy{Trusted: require.Trusted, Optional: true}
	for name, tt := range map[string]struct {
		proxy port.Proxy
		spoken
		want admit.Stats
	}{
		"version 1":                       {require, spoken{trusted, v1 + "\x04x", client, ""}, admit.Stats{Addresses: 1}},
		"version 2":                       {require, spoken{trusted, v2 + "\x04x", client, ""}, admit.Stats{Addresses: 1}},
		"over a unix socket":              {require, spoken{"", v2 + "\x04x", client, ""}, admit.Stats{Addresses: 1}},
		"a proxy written as IPv6":         {require, spoken{"[::ffff:10.0.0.1]:1", v2 + "\x04x", client, ""}, admit.Stats{Addresses: 1}},
		"in two pieces":                   {require, spoken{trusted, v1[:20], client, v1[20:] + "\x04x"}, admit.Stats{Addresses: 1}},
		"and then the client waits":       {require, spoken{trusted, v2, client, "\x04x"}, admit.Stats{Addresses: 1}},
		"local":                           {require, spoken{trusted, local + "\x04x", trusted, ""}, admit.Stats{Addresses: 1}},
		"unknown":                         {require, spoken{trusted, unknown + "\x04x", trusted, ""}, admit.Stats{Addresses: 1}},
		"malformed":                       {require, spoken{trusted, "PROXY TCP4 x\r\n\x04x", "", ""}, admit.Stats{Proxy: 1}},
		"too long":                        {require, spoken{trusted, "PROXY UNKNOWN " + strings.Repeat("x", 100), "", ""}, admit.Stats{Proxy: 1}},
		"too long, version 2":             {require, spoken{trusted, local[:14] + "\x02\x09" + strings.Repeat("x", 521), "", ""}, admit.Stats{Proxy: 1}},
		"missing":                         {require, spoken{trusted, "\x04x", "", ""}, admit.Stats{Proxy: 1}},
		"two headers":                     {require, spoken{trusted, v1 + v1 + "\x04x", "", ""}, admit.Stats{}},
		"nobody's header":                 {require, spoken{"192.0.2.9:1", v2 + "\x04x", "", ""}, admit.Stats{}},
		"nobody's client":                 {require, spoken{"192.0.2.9:1", "\x04x", "192.0.2.9:1", ""}, admit.Stats{Addresses: 1}},
		"proxies are not configured":      {port.Proxy{}, spoken{trusted, v2 + "\x04x", "", ""}, admit.Stats{}},
		"proxies need not be configured":  {port.Proxy{}, spoken{trusted, "\x04x", trusted, ""}, admit.Stats{Addresses: 1}},
		"optional, and there":             {optional, spoken{trusted, v1 + "\x04x", client, ""}, admit.Stats{Addresses: 1}},
		"optional, and there in pieces":   {optional, spoken{trusted, v2[:1], client, v2[1:] + "\x04x"}, admit.Stats{Addresses: 1}},
		"optional, and missing":           {optional, spoken{trusted, "\x04x", trusted, ""}, admit.Stats{Addresses: 1}},
		"optional, and malformed":         {optional, spoken{trusted, v2[:12] + "\xff" + v2[13:], "", ""}, admit.Stats{Proxy: 1}},
		"denied":                          {require, spoken{trusted, "PROXY TCP4 198.51.100.1 10.0.0.9 1 2\r\n\x04x", "", ""}, admit.Stats{Filter: 1}},
		"a proxy is not, for its clients": {require, spoken{"10.6.6.6:1", v2 + "\x04x", client, ""}, admit.Stats{Addresses: 1}},
		"but for itself":                  {require, spoken{"10.6.6.6:1", local + "\x04x", "", ""}, admit.Stats{Filter: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			deny := admit.NewFilter(admit.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("10.6.6.6/32")}})
			p := &port.Port{Proxy: tt.proxy, Admit: admit.Limits{PerAddress: 1, Filter: deny}}
			inTown(t, p, func(t *testing.T, l *town, conns chan net.Conn) {
				c := l.dial(t, tt.from, tt.says)
				defer c.Close()
				if tt.later != "" {
					synctest.Wait()
					time.Sleep(2 * time.Second)
					_, _ = io.WriteString(c, tt.later)
				}
				synctest.Wait()
				if tt.remote != "" {
					tt.want.Open = 1
				}
				if got := p.Stats(); got != tt.want {
					t.Errorf("stats = %+v, want %+v", got, tt.want)
				}
				if tt.remote == "" {
					if len(conns) > 0 {
						_ = (<-conns).Close()
						t.Error("it was handed over")
					}
					return
				}
				got := <-conns
				defer got.Close()
				if got.RemoteAddr().String() != tt.remote {
					t.Errorf("remote address %v, want %s", got.RemoteAddr(), tt.remote)
				}
				wantStart(t, got, "\x04x")
			})
		})
	}
}

// A header that does not come is waited for as long as a first byte, and no
// longer because some of it came.
func TestProxyHeaderInTime(t *testing.T) {
	for name, tt := range map[string]struct {
		optional bool
		first    string
		want     admit.Stats
	}{
		"nothing":               {false, "", admit.Stats{Proxy: 1}},
		"half of it":            {false, "PROXY TC", admit.Stats{Proxy: 1}},
		"half, and is optional": {true, "PROXY TC", admit.Stats{Proxy: 1}},
		"nothing, and need not": {true, "", admit.Stats{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &port.Port{FirstByte: 3 * time.Second, Proxy: port.Proxy{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, Optional: tt.optional}}
			inTown(t, p, func(t *testing.T, l *town, _ chan net.Conn) {
				c := l.dial(t, "10.0.0.1:1", tt.first)
				defer c.Close()
				time.Sleep(2 * time.Second)
				if tt.first != "" {
					_, _ = io.WriteString(c, "P")
				}
				time.Sleep(time.Second - 1)
				synctest.Wait()
				if got := p.Stats().Open; got != 1 {
					t.Errorf("%d are in before the deadline, want one", got)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if got := p.Stats(); got != tt.want {
					t.Errorf("stats = %+v, want %+v", got, tt.want)
				}
			})
		})
	}
}

// On a kernel's socket nothing is read beyond the header, and HTTP handlers see
// who the client is.
func TestProxyBeforeASocket(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", Proxy: port.Proxy{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	p.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) })
	s, conns := user(t, p, port.Claim{Bytes: []byte{4}})
	const header = "PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n"

	_ = dial(t, s, header+"\x04x")
	c := <-conns
	defer c.Close()
	socket, ok := port.Socket(c).(*net.TCPConn)
	if !ok {
		t.Fatalf("handed over a %T, want the kernel's socket", c)
	}
	wantStart(t, socket, "\x04x")
	if got, want := c.RemoteAddr().String(), "[2001:db8::1]:4711"; got != want {
		t.Errorf("remote address %s, want %s", got, want)
	}

	web := dial(t, s, header+"GET / HTTP/1.0\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(web), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); !bytes.Equal(b, []byte("[2001:db8::1]:4711")) {
		t.Errorf("the handler saw %q", b)
	}
}

func TestATrustedPostWithoutAHeader(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", HTTP: says("posted"), Proxy: port.Proxy{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Optional: true}}
	s, _ := user(t, p, port.Claim{})
	for _, method := range []string{"POST", "PROPFIND", "GET"} {
		c := dial(t, s, method+" / HTTP/1.0\r\n\r\n")
		b, err := io.ReadAll(c)
		if err != nil || !strings.HasSuffix(string(b), "posted") {
			t.Errorf("%s: got %q, %v", method, b, err)
		}
	}
}

func TestTrustedPrefixesMustBeValid(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", Proxy: port.Proxy{Trusted: make([]netip.Prefix, 1)}}
	if _, err := p.Listen(t.Context(), port.Claim{}); err == nil || err.Error() != "Proxy.Trusted[0]: not a valid prefix" {
		t.Errorf("error %v", err)
	}
}
