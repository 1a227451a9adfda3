package hybrid_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// listen opens a connector that is closed with the test.
func listen(t testing.TB, c *hybrid.Connector) connectors.Listener {
	t.Helper()
	if c.Addr == "" && c.Listener == nil && c.Port == nil {
		c.Addr = "127.0.0.1:0"
	}
	ls, err := c.Listen(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ls[0].Close() })
	return ls[0]
}

// accept takes the next client of l; it is closed with the test.
func accept(t testing.TB, l connectors.Listener) connectors.Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(connectors.Reason{}) })
	c.SetReadLimit(1 << 20)
	return c
}

// dial opens a raw connection and writes first.
func dial(t testing.TB, l connectors.Listener, first string) net.Conn {
	t.Helper()
	c, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	write(t, c, first)
	return c
}

func write(t testing.TB, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// dialWeb opens a WebSocket and gives it with the server's end.
func dialWeb(t testing.TB, l connectors.Listener) (*websocket.Conn, connectors.Conn) {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial("ws://"+l.Addr().String()+"/any/path?x=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	return ws, accept(t, l)
}

// dialStream opens a stream, of which the server has read the heartbeat it
// begins with, and gives it with the server's end.
func dialStream(t testing.TB, l connectors.Listener) (net.Conn, connectors.Conn) {
	t.Helper()
	client := dial(t, l, heartbeat)
	server := accept(t, l)
	wantFrames(t, server, heartbeat)
	return client, server
}

const heartbeat = "\x03\x00\x00\x00"

// wantFrames reads until as many bytes came as want has, and compares.
func wantFrames(t testing.TB, c connectors.Conn, want ...string) {
	t.Helper()
	var got []string
	for len(got) < len(want) {
		frames, err := c.ReadFrames()
		for _, f := range frames {
			got = append(got, string(f.Data))
		}
		if err != nil && len(got) < len(want) {
			t.Fatalf("after %.200q: %v", got, err)
		}
	}
	for i := range got {
		if i >= len(want) || got[i] != want[i] {
			t.Fatalf("frames = %.200q, want %.200q", got, want)
		}
	}
}

// wantEnd reads until the error comes.
func wantEnd(t testing.TB, c connectors.Conn, want error) {
	t.Helper()
	for {
		frames, err := c.ReadFrames()
		if err == nil {
			continue
		}
		if !errors.Is(err, want) {
			t.Fatalf("ended with %v after %d frames, want %v", err, len(frames), want)
		}
		return
	}
}

func TestZeroValuesAreSaidToTheProtocol(t *testing.T) {
	c := hybrid.New("127.0.0.1", 0)
	if c.Name() != "hybrid" || c.(*hybrid.Connector).TickEvery() != 0 {
		t.Errorf("name %q, tick %v", c.Name(), c.(*hybrid.Connector).TickEvery())
	}
	l := listen(t, c.(*hybrid.Connector))
	_, server := dialStream(t, l)
	step, now := &connectors.Step{}, time.Now()
	p := c.Protocol(server)
	p.Open(step, now)
	if got, want := step.ReadLimit, 4<<10+4; got != want {
		t.Errorf("limit before the ack = %d, want %d", got, want)
	}
	if got, want := step.Expire, now.Add(5*time.Second); !got.Equal(want) {
		t.Errorf("handshake expires %v, want %v", got, want)
	}
	hello := []byte(`{"sys":{}}`)
	p.Feed(step, connectors.Frame{Data: append([]byte{1, 0, 0, byte(len(hello))}, hello...)}, now)
	if step.Hello == nil || step.Hello.Connector != "hybrid" || step.Hello.Transport != "tcp" {
		t.Fatalf("hello = %+v", step.Hello)
	}
	step.Reset()
	p.Welcome(step, nil, nil, now)
	if !bytes.Contains(step.Send, []byte(`"heartbeat":30`)) {
		t.Errorf("answer %q has no heartbeat of 30 s", step.Send)
	}
}

func TestBeforeTheProtocolSpeaksAHelloIsTheMost(t *testing.T) {
	l := listen(t, &hybrid.Connector{MaxHello: 10})
	_ = dial(t, l, data(10)+data(11))
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(connectors.Reason{})
	wantFrames(t, server, data(10))
	wantEnd(t, server, connectors.ErrTooLarge)
}

func TestListenErrorsNameFieldAndValue(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()

	for name, tt := range map[string]struct {
		connector *hybrid.Connector
		want      string
	}{
		"port in use":            {&hybrid.Connector{Addr: addr}, `hybrid: Addr "` + addr + `": `},
		"bad address":            {&hybrid.Connector{ID: "game", Addr: "nonsense"}, `game: Addr "nonsense": `},
		"unreadable certificate": {&hybrid.Connector{CertFile: "no.pem", KeyFile: "no.key"}, `hybrid: CertFile "no.pem": `},
		"unreadable key":         {&hybrid.Connector{CertFile: "hybrid_test.go", KeyFile: "no.key"}, `hybrid: KeyFile "no.key": `},
		"no certificate inside":  {&hybrid.Connector{CertFile: "hybrid.go", KeyFile: "listener.go"}, `hybrid: CertFile "hybrid.go", KeyFile "listener.go": `},
		"path that is no socket": {&hybrid.Connector{Addr: "unix:hybrid.go"}, `hybrid: Addr "unix:hybrid.go": `},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tt.connector.Listen(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error = %v, want one that begins with %s", err, tt.want)
			}
		})
	}
}

func TestStopWhileAccepting(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	ended := make(chan error)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	_ = l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept = %v, want net.ErrClosed", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close = %v, want net.ErrClosed", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second Close = %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("somebody still listens")
	}
}

func TestConnsLiveOnWhenTheListenerCloses(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	client, server := dialStream(t, l)
	ws, webServer := dialWeb(t, l)
	_ = l.Close()
	write(t, client, heartbeat)
	wantFrames(t, server, heartbeat)
	if err := ws.WriteMessage(websocket.BinaryMessage, []byte(heartbeat)); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, webServer, heartbeat)
}

// fetch sends raw bytes and returns the whole of what comes until the end.
func fetch(t *testing.T, l connectors.Listener, chunks ...string) string {
	t.Helper()
	c := dial(t, l, "")
	for _, chunk := range chunks {
		write(t, c, chunk)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("after %q: %v", b, err)
	}
	return string(b)
}

func TestWhatIsNoPomeloClient(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	const head = " / HTTP/1.1\r\nHost: x\r\n"
	for name, tt := range map[string]struct{ send, want string }{
		"GET":                     {"GET" + head + "\r\n", "HTTP/1.1 426 Upgrade Required\r\n"},
		"DELETE":                  {"DELETE" + head + "\r\n", "HTTP/1.1 426 Upgrade Required\r\n"},
		"OPTIONS":                 {"OPTIONS" + head + "\r\n", "HTTP/1.1 426 Upgrade Required\r\n"},
		"lower case":              {"get" + head + "\r\n", "HTTP/1.1 426 Upgrade Required\r\n"},
		"letters, but no HTTP":    {"hello\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"upgrade without a key":   {"GET" + head + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"upgrade to another":      {"GET" + head + "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "HTTP/1.1 426 Upgrade Required\r\n"},
		"an old version":          {"GET" + head + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 7\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		"head over 8 KiB":         {"GET" + head + "X: " + strings.Repeat("x", 8<<10) + "\r\n", "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
		"MQTT":                    {"\x10", ""},
		"TLS where there is none": {"\x16", ""},
		"type 6":                  {"\x06", ""},
		"type 0":                  {"\x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := fetch(t, l, tt.send)
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUpgradeHeadInPieces(t *testing.T) {
	l := listen(t, &hybrid.Connector{})
	c := dial(t, l, "")
	head := "GET /a//b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	for _, b := range []byte(head) {
		write(t, c, string(b))
	}
	server := accept(t, l)
	want := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("answer %q, %v, want %q", got, err, want)
	}
	write(t, c, "\x82\x84\x00\x00\x00\x00"+heartbeat)
	wantFrames(t, server, heartbeat)
}

func TestPagesComeFromTheUsersHandler(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page "+r.URL.Path) })
	l := listen(t, &hybrid.Connector{HTTP: page})
	got := fetch(t, l, "GET /x HTTP/1.0\r\n\r\n")
	if !strings.HasSuffix(got, "\r\n\r\npage /x") {
		t.Errorf("got %q", got)
	}
	ws, server := dialWeb(t, l)
	if err := ws.WriteMessage(websocket.BinaryMessage, []byte(heartbeat)); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, server, heartbeat)
}

func TestSilentClientsAreClosed(t *testing.T) {
	l := listen(t, &hybrid.Connector{FirstByte: 20 * time.Millisecond, Head: 20 * time.Millisecond})
	for name, send := range map[string]string{
		"no first byte":     "",
		"half an HTTP head": "GET / HTTP/1.1\r\nHo",
	} {
		t.Run(name, func(t *testing.T) { fetch(t, l, send) })
	}
}
