package sio_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// deliver posts in the background, and returns where the status will be.
func (c *client) deliver(body string) <-chan int {
	got := make(chan int, 1)
	go func() {
		status, _ := c.post(body)
		got <- status
	}()
	synctest.Wait()
	return got
}

// What a POST has brought is handled ahead of what the WebSocket brings that the client has moved to meanwhile.
func TestAWebSocketDoesNotOvertakeAPost(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		s.hold = make(chan struct{})
		posted := c.deliver("42[1]\x1e3\x1e42[2]") // handed over apart
		ws := c.climb()
		ws.send("42[3]", "42[4]")
		for range 1000 { // what would overtake could
			runtime.Gosched()
		}
		if got := s.heard(); got != "2[1]" || s.Transport() != sio.WebSocket {
			t.Errorf("heard %q on %s while the first is handled, want it alone", got, s.Transport())
		}
		close(s.hold)
		synctest.Wait()
		if got := s.heard(); got != "2[2] 2[3] 2[4]" {
			t.Errorf("heard %q, want all the rest in order", got)
		}
		if status := <-posted; status != 200 {
			t.Errorf("the POST is answered %d", status)
		}
		s.Close(connectors.Reason{})
	})
}

// A second POST beside one that is still coming costs the client (P16.6).
func TestPostsThatOverlap(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		held := c.later()
		conn, err := r.net.Dial()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s&sid=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n42[", pollingFour, c.sid)
		synctest.Wait()
		if status, body := c.post(`42["second"]`); status != 400 || body != `{"code":3,"message":"Bad request"}` {
			t.Errorf("the second POST: %d %q, want 400", status, body)
		}
		if got := <-held; got != "1" {
			t.Errorf("the GET that is held gets %q, want a close", got)
		}
		io.WriteString(conn, `"first"]`)
		synctest.Wait()
		if err := s.end(); !errors.Is(err, connectors.ErrMalformed) {
			t.Errorf("ended with %v, want %v", err, connectors.ErrMalformed)
		}
		if status, _ := c.get(); status != 400 || s.heard() != "" {
			t.Errorf("a GET behind it: %d, want 400, and nothing heard", status)
		}
		conn.Close()
		s.Close(connectors.Reason{})
	})
}

// sated is a Sink that wants nothing more after the first.
type sated struct{ *session }

func (s sated) Take(frames []connectors.Frame, err error) bool {
	s.session.Take(frames, err)
	return false
}

// A session that wants nothing more gets nothing more; its engine goes on, for others that it may have.
func TestNothingIsBroughtToASessionThatIsDone(t *testing.T) {
	byHand(t, twofold(), func(r *rig) {
		ws := (&client{rig: r, query: "EIO=4"}).dial()
		ws.expect(`0{"sid":"…`)
		ws.send("40")
		done, _ := r.meet()
		done.Conn.(connectors.Deliverer).Deliver(sated{done})
		ws.send("40/b,")
		other, _ := r.take()
		ws.send("42[1]")
		synctest.Wait()
		ws.send("42[2]", "451-"+announced[3:], "bAQID", `42/b,["x"]`)
		synctest.Wait()
		if got := done.heard(); got != "2[1]" {
			t.Errorf("heard %q, want the first message alone", got)
		}
		if got := other.heard(); got != `2/b,["x"]` {
			t.Errorf("the other session hears %q", got)
		}
		for range 3 {
			ws.expect("2")
			ws.send("3")
		}
		done.say(`2["still"]`)
		ws.expect(`42["still"]`)
		if got := done.heard(); got != "" || done.end() != nil {
			t.Errorf("heard %q later", got)
		}
		done.Close(connectors.Reason{})
		other.Close(connectors.Reason{})
	})
}

// Moved is told once, whenever the client moves.
func TestMovedIsToldOnce(t *testing.T) {
	for name, move := range map[string]func(r *rig, c *client) (*session, *socket){
		"before it is accepted": func(r *rig, c *client) (*session, *socket) {
			ws := c.climb()
			s, _ := r.meet()
			return s, ws
		},
		"before it is delivered": func(r *rig, c *client) (*session, *socket) {
			s, hello := r.meet()
			if hello.Transport != sio.Polling {
				r.Errorf("it came by %s", hello.Transport)
			}
			return s, c.climb()
		},
	} {
		t.Run(name, func(t *testing.T) {
			byHand(t, &sio.Connector{}, func(r *rig) {
				c := r.open("EIO=4")
				posted := c.deliver("40")
				s, ws := move(r, c)
				s.Conn.(connectors.Deliverer).Deliver(s)
				status := <-posted
				synctest.Wait()
				if status != 200 || s.moves != 1 || s.Transport() != sio.WebSocket {
					t.Errorf("moved %d times to %s, POST answered %d; want once", s.moves, s.Transport(), status)
				}
				s.say(`2["here"]`)
				ws.expect(`42["here"]`)
				ws.send(`42["there"]`)
				synctest.Wait()
				if got := s.heard(); got != `2["there"]` || s.moves != 1 {
					t.Errorf("heard %q, moved %d times", got, s.moves)
				}
				s.Close(connectors.Reason{})
			})
		})
	}
	t.Run("not at all, to who begins there", func(t *testing.T) {
		bubble(t, &sio.Connector{}, func(r *rig) {
			c := r.open("EIO=4")
			ws := c.climb()
			ws.send("40")
			s := <-r.sessions
			synctest.Wait()
			if s.moves != 0 || s.Transport() != sio.WebSocket {
				t.Errorf("moved %d times, to %s", s.moves, s.Transport())
			}
			s.Close(connectors.Reason{})
		})
	})
}
