package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors/memory"
)

// engineClient is a client of Engine.IO whose every packet is written by a test.
type engineClient struct {
	t       *testing.T
	place   *memory.Listener
	version int
	sid     string
	extra   string // of every query
	http    *http.Client
}

// newEngineClient makes a client that has said nothing yet.
func newEngineClient(t *testing.T, place *memory.Listener, version int) *engineClient {
	c := &engineClient{t: t, place: place, version: version}
	transport := &http.Transport{DialContext: c.connect}
	t.Cleanup(transport.CloseIdleConnections)
	c.http = &http.Client{Transport: transport}
	return c
}

func (c *engineClient) connect(context.Context, string, string) (net.Conn, error) {
	return c.place.Dial()
}

// polling makes a client that has an open packet, and says what is in it.
func polling(t *testing.T, place *memory.Listener, version int, extra string) (*engineClient, string) {
	t.Helper()
	c := newEngineClient(t, place, version)
	c.extra = extra
	got := c.get()
	open, rest := got.body, ""
	if version == 3 {
		open, rest = cutText(open)
	}
	c.sid = sidOf(t, open)
	return c, rest
}

// sidOf reads an open packet.
func sidOf(t *testing.T, packet string) string {
	t.Helper()
	var open struct{ SID string }
	if len(packet) == 0 || packet[0] != '0' || json.Unmarshal([]byte(packet[1:]), &open) != nil || open.SID == "" {
		t.Fatalf("%q is no open packet", packet)
	}
	return open.SID
}

// cutText cuts the first packet from a payload of Engine.IO 3 that is ASCII.
func cutText(payload string) (packet, rest string) {
	length, rest, _ := strings.Cut(payload, ":")
	var n int
	if _, err := fmt.Sscan(length, &n); err != nil || n > len(rest) {
		return payload, ""
	}
	return rest[:n], rest[n:]
}

// payload joins ASCII packets as the version does.
func (c *engineClient) payload(packets ...string) string {
	if c.version == 4 {
		return strings.Join(packets, "\x1e")
	}
	var b strings.Builder
	for _, p := range packets {
		fmt.Fprintf(&b, "%d:%s", len(p), p)
	}
	return b.String()
}

func (c *engineClient) query(transport string) string {
	q := fmt.Sprintf("/socket.io/?EIO=%d&transport=%s%s", c.version, transport, c.extra)
	if c.sid != "" {
		q += "&sid=" + c.sid
	}
	return q
}

// httpAnswer is what HTTP answered.
type httpAnswer struct {
	status    int
	typ, body string
}

func (r httpAnswer) String() string { return fmt.Sprintf("%d %s %q", r.status, r.typ, r.body) }

// ask sends a request to a path with a query. A status of zero is an answer that did not come.
func (c *engineClient) ask(ctx context.Context, method, path, body string) httpAnswer {
	r, err := http.NewRequestWithContext(ctx, method, "http://game.example"+path, strings.NewReader(body))
	if err != nil {
		return httpAnswer{body: err.Error()}
	}
	r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	resp, err := c.http.Do(r)
	if err != nil {
		return httpAnswer{body: err.Error()}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return httpAnswer{body: err.Error()}
	}
	return httpAnswer{resp.StatusCode, resp.Header.Get("Content-Type"), string(b)}
}

func (c *engineClient) get() httpAnswer {
	return c.ask(context.Background(), http.MethodGet, c.query("polling"), "")
}

func (c *engineClient) post(body string) httpAnswer {
	return c.ask(context.Background(), http.MethodPost, c.query("polling"), body)
}

// hold begins a GET and waits until the server holds it.
func (c *engineClient) hold() <-chan httpAnswer {
	answered := make(chan httpAnswer, 1)
	go func() { answered <- c.get() }()
	synctest.Wait()
	return answered
}

// gets polls and wants one answer.
func (c *engineClient) gets(packets ...string) {
	c.t.Helper()
	if got, want := c.get(), c.payload(packets...); got.status != 200 || got.body != want {
		c.t.Errorf("GET = %v, want %q", got, want)
	}
}

// posts sends packets, which must be taken.
func (c *engineClient) posts(packets ...string) {
	c.t.Helper()
	if got := c.post(c.payload(packets...)); got.status != 200 || got.body != "ok" || got.typ != "text/html" {
		c.t.Errorf("POST of %q = %v, want ok", packets, got)
	}
}

// gone wants the session to have ended.
func (c *engineClient) gone() {
	c.t.Helper()
	if got := c.get(); got.status != 400 {
		c.t.Errorf("the next GET = %v, want 400", got)
	}
}

// engineSocket is a WebSocket of an engineClient.
type engineSocket struct {
	t    *testing.T
	conn *websocket.Conn
}

// dial opens a WebSocket, for the session there is or for one of its own.
func (c *engineClient) dial() *engineSocket {
	c.t.Helper()
	conn, _, err := c.upgrade(c.query("websocket"))
	if err != nil {
		c.t.Fatal(err)
	}
	return &engineSocket{c.t, conn}
}

// upgrade asks for a WebSocket.
func (c *engineClient) upgrade(path string) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{NetDialContext: c.connect}
	conn, resp, err := d.Dial("ws://game.example"+path, nil)
	if err == nil {
		c.t.Cleanup(func() { conn.Close() })
	}
	return conn, resp, err
}

// onWebSocket makes a client that has its open packet on a WebSocket.
func onWebSocket(t *testing.T, place *memory.Listener, version int) *engineSocket {
	t.Helper()
	s := newEngineClient(t, place, version).dial()
	sidOf(t, s.next())
	return s
}

// theEnd begins what next says when there is nothing more.
const theEnd = "the end: "

// next is the next message; a binary one is written <like this>, in hex.
func (s *engineSocket) next() string {
	s.conn.SetReadDeadline(time.Now().Add(time.Minute))
	typ, b, err := s.conn.ReadMessage()
	switch {
	case err != nil:
		return theEnd + err.Error()
	case typ == websocket.BinaryMessage:
		return fmt.Sprintf("<%x>", b)
	}
	return string(b)
}

func (s *engineSocket) sends(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if err := s.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *engineSocket) sendsBinary(b ...byte) {
	s.t.Helper()
	if err := s.conn.WriteMessage(websocket.BinaryMessage, b); err != nil {
		s.t.Fatal(err)
	}
}

// hears wants messages.
func (s *engineSocket) hears(texts ...string) {
	s.t.Helper()
	for _, want := range texts {
		if got := s.next(); got != want {
			s.t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// hearsConnect wants the answer to a CONNECT.
func (s *engineSocket) hearsConnect(start string) {
	s.t.Helper()
	if got := s.next(); !strings.HasPrefix(got, start+`{"sid":"`) {
		s.t.Fatalf("got %q, want %s with a sid", got, start)
	}
}

// ends wants the end, and nothing before it but a ping.
func (s *engineSocket) ends() {
	s.t.Helper()
	for {
		switch got := s.next(); {
		case got == "2":
		case strings.HasPrefix(got, theEnd):
			if strings.Contains(got, "i/o timeout") {
				s.t.Error("the connection does not end")
			}
			return
		default:
			s.t.Errorf("got %q, want the end", got)
			return
		}
	}
}
