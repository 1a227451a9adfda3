package sio_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// rig is a connector on a network in memory, and what its listener accepts.
type rig struct {
	testing.TB
	net       *memory.Listener
	connector *sio.Connector
	listener  connectors.Listener
	http      *http.Client
	sessions  chan *session
	told      func(*connectors.Hello) // of each
	over      chan struct{}           // accepting is
}

// bubble runs f with a rig in virtual time, and takes the rig down again.
func bubble(t *testing.T, c *sio.Connector, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, c)
		f(r)
		r.stop()
	})
}

func start(t testing.TB, c *sio.Connector) *rig {
	t.Helper()
	n := memory.Listen("sio")
	c.Port = &port.Port{Listener: n}
	r := startOn(t, c)
	r.net = n
	r.http = &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return n.Dial()
	}}}
	return r
}

// startOn starts a connector where it says.
func startOn(t testing.TB, c *sio.Connector) *rig {
	t.Helper()
	r := &rig{TB: t, connector: c, sessions: make(chan *session, 16), over: make(chan struct{})}
	listeners, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.listener = listeners[0]
	go r.accept()
	return r
}

func (r *rig) accept() {
	defer close(r.over)
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		s := &session{Conn: c, ended: make(chan error, 1)}
		var step connectors.Step
		r.connector.Protocol(c).Open(&step, time.Now()) // which takes what the handshake has said
		if r.told != nil {
			r.told(step.Hello)
		}
		c.(connectors.Deliverer).Deliver(s)
		r.sessions <- s
	}
}

// stop ends it all, and waits until nothing is left.
func (r *rig) stop() {
	r.listener.Close()
	<-r.over
	for len(r.sessions) > 0 {
		(<-r.sessions).Close(connectors.Reason{})
	}
	r.http.CloseIdleConnections()
	<-r.listener.(connectors.Lingerer).Gone()
	<-time.After(5 * time.Second) // what is hung up lingers
}

// session is what was accepted, and what came of it.
type session struct {
	connectors.Conn
	ended chan error

	mu    sync.Mutex
	texts []string
	moves int
	hold  chan struct{} // Take waits for it; nil: it does not
}

func (s *session) Take(frames []connectors.Frame, err error) bool {
	s.mu.Lock()
	for _, f := range frames {
		s.texts = append(s.texts, string(f.Data))
	}
	hold := s.hold
	s.mu.Unlock()
	if hold != nil && len(frames) > 0 {
		<-hold
	}
	if err != nil {
		s.ended <- err
		return false
	}
	return true
}

func (s *session) Moved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves++
}

// heard is all that came, and forgets it.
func (s *session) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Join(s.texts, " ")
	s.texts = nil
	return all
}

// say sends Socket.IO packets.
func (s *session) say(packets ...string) error {
	var b net.Buffers
	for _, p := range packets {
		b = append(b, engineio.AppendPacket(nil, engineio.Message, p))
	}
	return s.Write(b)
}

// end is why it ended, or nil if it has not.
func (s *session) end() error {
	select {
	case err := <-s.ended:
		return err
	default:
		return nil
	}
}

// client is one that does its HTTP by hand.
type client struct {
	*rig
	query string // EIO, and what else each request says
	sid   string
}

// open shakes hands by polling.
func (r *rig) open(query string) *client {
	r.Helper()
	c := &client{rig: r, query: query}
	status, body := c.get()
	if c.sid = sidOf(body); status != http.StatusOK || c.sid == "" {
		r.Fatalf("handshake: %d %q", status, body)
	}
	return c
}

// sidOf is the session id of the open packet that a payload begins with.
func sidOf(payload string) string {
	_, text, _ := strings.Cut(payload, "{")
	text, _, _ = strings.Cut("{"+text, "}")
	var h struct{ Sid string }
	_ = json.Unmarshal([]byte(text+"}"), &h)
	return h.Sid
}

func (c *client) url(scheme, transport string) string {
	q := c.query + "&transport=" + transport
	if c.sid != "" {
		q += "&sid=" + url.QueryEscape(c.sid)
	}
	return scheme + "://game.example/socket.io/?" + q
}

func (c *client) get() (status int, body string) { return c.do(http.MethodGet, "") }

func (c *client) post(body string) (status int, answer string) { return c.do(http.MethodPost, body) }

// do asks, and answers 0 when there is no answer.
func (c *client) do(method, body string) (status int, answer string) {
	return c.ask(c.Context(), method, body)
}

func (c *client) ask(ctx context.Context, method, body string) (status int, answer string) {
	r, err := http.NewRequestWithContext(ctx, method, c.url("http", sio.Polling), strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// later gets in the background.
func (c *client) later() <-chan string {
	got := make(chan string, 1)
	go func() {
		_, body := c.get()
		got <- body
	}()
	synctest.Wait()
	return got
}

// connect connects the main namespace, and returns the session.
func (c *client) connect() *session {
	c.Helper()
	if status, body := c.post("40"); status != http.StatusOK {
		c.Fatalf("CONNECT: %d %q", status, body)
	}
	return <-c.sessions
}

// dial opens a WebSocket: the client's first, or the one that it upgrades to.
func (c *client) dial() *socket {
	c.Helper()
	d := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return c.net.Dial() }}
	ws, resp, err := d.DialContext(c.Context(), c.url("ws", sio.WebSocket), nil)
	if err != nil {
		c.Fatalf("dial: %v %v", err, resp)
	}
	return &socket{rig: c.rig, ws: ws}
}

// socket is the client's end of a WebSocket.
type socket struct {
	*rig
	ws *websocket.Conn
}

func (s *socket) send(packets ...string) {
	for _, p := range packets {
		if err := s.ws.WriteMessage(websocket.TextMessage, []byte(p)); err != nil {
			return // who reads learns of it
		}
	}
}

// read is the next text, or the error that reading ends with in brackets.
func (s *socket) read() string {
	_, b, err := s.ws.ReadMessage()
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return string(b)
}

func (s *socket) expect(texts ...string) {
	s.Helper()
	for _, want := range texts {
		if got := s.read(); got != want && !(strings.HasSuffix(want, "…") && strings.HasPrefix(got, strings.TrimSuffix(want, "…"))) {
			s.Errorf("read %q, want %q", got, want)
		}
	}
}

// websocket opens one and connects the main namespace on it.
func (r *rig) websocket(query string) (*socket, *session) {
	r.Helper()
	s := (&client{rig: r, query: query}).dial()
	s.expect(`0{"sid":"…`)
	if strings.Contains(query, "EIO=4") {
		s.send("40")
		return s, <-r.sessions
	}
	in := <-r.sessions
	in.say("0") // old clients are not heard before
	s.expect("40")
	return s, in
}
