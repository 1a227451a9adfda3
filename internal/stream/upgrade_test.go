package stream_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/stream"
)

// giver is a ResponseWriter that hands its connection over without buffers.
type giver struct {
	http.ResponseWriter
	conn net.Conn
	err  error
}

func (g giver) Take() (net.Conn, error) { return g.conn, g.err }

func upgradeRequest() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://game.example/", nil)
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Protocol": {strings.Repeat("p", 600) + ", q"},
	}
	return r
}

// swallow is a connection that takes everything.
type swallow struct {
	net.Conn
	said []byte
}

func (s *swallow) Write(b []byte) (int, error) {
	s.said = append(s.said, b...)
	return len(b), nil
}

func TestAnAnswerLongerThanItsBufferIsWhole(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	u, err := stream.NewUpgrader(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &swallow{Conn: server}
	ws, err := u.Upgrade(giver{httptest.NewRecorder(), c, nil}, upgradeRequest(), stream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close(nil, connectors.Reason{})
	const want = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: "
	if got := string(c.said); got != want+strings.Repeat("p", 600)+"\r\n\r\n" {
		t.Errorf("answered %q", got)
	}
}

func TestAConnectionThatCannotBeTaken(t *testing.T) {
	u, err := stream.NewUpgrader(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if _, err := u.Upgrade(giver{w, nil, io.ErrClosedPipe}, upgradeRequest(), stream.Options{}); err == nil || w.Code != http.StatusInternalServerError {
		t.Errorf("answered %d, %v", w.Code, err)
	}
}

// What an upgrade leaves behind is memory that the process keeps, for each client that came.
func TestAnUpgradeMakesNoBuffers(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	u, err := stream.NewUpgrader(nil)
	if err != nil {
		t.Fatal(err)
	}
	const times = 100
	c, r := &swallow{Conn: server, said: make([]byte, 0, 1<<20)}, upgradeRequest()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		if _, err := u.Upgrade(giver{nil, c, nil}, r, stream.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / times; got > 4<<10 {
		t.Errorf("%d bytes each", got)
	} else {
		t.Logf("%d bytes each", got)
	}
}
