package sio_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/messages"
)

// gone tells whether nothing of the listener is left.
func (r *rig) gone() bool {
	synctest.Wait()
	select {
	case <-r.listener.(connectors.Lingerer).Gone():
		return true
	default:
		return false
	}
}

// When the listener closes, who has no session is dismissed, on both transports (P16.8).
func TestCloseDismissesWhoHasNoSession(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		holds, comesBack := r.open("EIO=4"), r.open("EIO=4")
		held := holds.later()
		ws := (&client{rig: r, query: "EIO=4"}).dial()
		ws.expect(`0{"sid":"…`)
		r.listener.Close()
		if got := <-held; got != "1" {
			t.Errorf("a GET that is held gets %q, want a close", got)
		}
		ws.expect("(websocket: close 1001 (going away)…")
		if r.gone() {
			t.Error("the port is given back, though a client may fetch its close")
		}
		expect(t, comesBack, []string{"1"})
		time.Sleep(2 * time.Second)
		if stats := r.connector.Stats(); stats != (sio.Stats{}) || !r.gone() {
			t.Errorf("%+v and gone: %v, want that nobody and nothing is left", stats, r.gone())
		}
		if c, err := r.listener.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept returns %v, %v", c, err)
		}
	})
}

// Clients that poll go on behind Close, newcomers are refused, and the port is given back with the last (P16.2).
func TestPollingGoesOnBehindClose(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		ws, sw := r.websocket("EIO=4")
		r.listener.Close()
		for _, h := range []hit{{method: "GET", target: pollingFour}, {method: "GET", target: webSocketFour, header: upgrading}} {
			if got := r.hit(h, ""); got.status != http.StatusServiceUnavailable || got.body != `{"code":4,"message":"Draining"}` {
				t.Errorf("a newcomer at %s: %d %q, want 503", h.target, got.status, got.body)
			}
		}
		if status, _ := c.post(`42["x"]`); status != 200 || s.heard() != `2["x"]` {
			t.Errorf("a POST behind Close: %d", status)
		}
		for range 3 { // through its heartbeat
			if status, got := c.get(); status != 200 || got != "2" {
				t.Errorf("a GET behind Close: %d %q, want a ping", status, got)
			}
			c.post("3")
			ws.expect("2")
			ws.send("3")
		}
		s.say(`2["y"]`)
		if _, got := c.get(); got != `42["y"]` || r.gone() {
			t.Errorf("polled %q, gone: %v", got, r.gone())
		}
		s.Close(connectors.Reason{Cause: messages.CauseDraining})
		expect(t, c, []string{"1"})
		if !r.gone() {
			t.Error("the last client that polls has gone, and the port is not given back")
		}
		sw.say(`2["z"]`) // a WebSocket needs no port
		ws.expect(`42["z"]`)
		sw.Close(connectors.Reason{})
	})
}

// A client that is amid its handshake when the listener closes is dismissed, too.
func TestAHandshakeThatRacesWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memory.Listen("sio")
		l := &slowListener{Listener: n, written: make(chan struct{})}
		r := startBehind(t, &sio.Connector{}, l, n)
		dialled := make(chan *socket)
		go func() { dialled <- (&client{rig: r, query: "EIO=4"}).dial() }()
		synctest.Wait() // it has its place, and is not answered yet
		if got, want := r.connector.Stats(), (sio.Stats{Idle: 1}); got != want {
			t.Errorf("%+v amid a handshake, want %+v", got, want)
		}
		r.listener.Close()
		close(l.written)
		begin := time.Now()
		ws := <-dialled
		for text := ws.read(); ; text = ws.read() {
			if strings.HasPrefix(text, "(") {
				if !strings.HasPrefix(text, "(websocket: close 1001 (going away)") || since(begin) != 0 {
					t.Errorf("%s after %v, want that it is sent away at once", text, since(begin))
				}
				break
			}
		}
		if stats := r.connector.Stats(); stats != (sio.Stats{}) {
			t.Errorf("%+v is left", stats)
		}
		r.stop()
	})
}

// slowListener accepts clients that are written to when written is closed.
type slowListener struct {
	net.Listener
	written chan struct{}
}

func (l *slowListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &slowConn{Conn: c, written: l.written}, nil
}

type slowConn struct {
	net.Conn
	written chan struct{}
	once    sync.Once
}

func (c *slowConn) Write(b []byte) (int, error) {
	c.once.Do(func() { <-c.written })
	return c.Conn.Write(b)
}

// Who waits to be accepted when the listener closes is dismissed.
func TestCloseDismissesWhoWaitsToBeAccepted(t *testing.T) {
	byHand(t, &sio.Connector{}, func(r *rig) {
		old := make(chan reply, 1)
		go func() { old <- r.hit(hit{method: "GET", target: root + "EIO=3&transport=polling&b64=1"}, "") }()
		c := r.open("EIO=4")
		posted := c.deliver("40")
		ws := (&client{rig: r, query: "EIO=4"}).dial()
		ws.expect(`0{"sid":"…`)
		ws.send("40")
		synctest.Wait()
		r.listener.Close()
		if got := <-old; got.status != 200 || !strings.HasSuffix(got.body, "1:1") {
			t.Errorf("an old client gets %d %q, want a close behind its open packet", got.status, got.body)
		}
		ws.expect("(websocket: close 1001 (going away)…")
		<-posted
		expect(t, c, []string{"1"})
		if !r.gone() {
			t.Error("something is left")
		}
	})
}
