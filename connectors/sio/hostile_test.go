package sio_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/messages"
)

// A client that makes us answer, and does not listen, is let go of (P16.6).
func TestWhatNobodyFetchesIsBounded(t *testing.T) {
	for query, body := range map[string]string{
		"EIO=3&b64=1": strings.Repeat("1000:2"+strings.Repeat("x", 999), 900),
		"EIO=4":       strings.TrimSuffix(strings.Repeat("40/x,\x1e", 100_000), "\x1e"),
	} {
		bubble(t, &sio.Connector{}, func(r *rig) {
			c := r.open(query)
			var s *session
			if query == "EIO=4" {
				s = c.connect()
			} else {
				s = <-r.sessions
				s.say("0")
			}
			c.post(body)
			if err := s.end(); !errors.Is(err, connectors.ErrSlow) {
				t.Errorf("%s: ended with %v, want %v", query, err, connectors.ErrSlow)
			}
			s.Close(connectors.Reason{})
		})
	}
}

// Two sessions share a wire whose client does not read: the end of one waits for nobody.
func TestASessionEndsBesideOneThatIsStuck(t *testing.T) {
	bubble(t, &sio.Connector{Namespaces: []string{"/b"}}, func(r *rig) {
		c, s := r.websocket("EIO=4")
		c.send("40/b,")
		other := <-r.sessions
		stuck := make(chan error, 1)
		go func() { stuck <- s.say(`2["` + strings.Repeat("x", 1<<20) + `"]`) }()
		synctest.Wait()
		waits := make(chan error, 1)
		go func() { waits <- other.say(`2/b,["waits"]`) }()
		synctest.Wait()
		begin := time.Now()
		other.Close(connectors.Reason{Cause: messages.CauseKicked})
		if err := <-waits; err == nil || since(begin) != 0 {
			t.Errorf("a Write of the other session ends with %v after %v, want an error at once", err, since(begin))
		}
		s.Close(connectors.Reason{Cause: messages.CauseSlow})
		if err := <-stuck; err == nil || since(begin) != 0 {
			t.Errorf("the Write that was stuck ends with %v after %v, want an error at once", err, since(begin))
		}
	})
}

// A session that closes while it is stuck takes the wire with it, after a while.
func TestASessionDoesNotOutlastItsEnd(t *testing.T) {
	bubble(t, &sio.Connector{Namespaces: []string{"/b"}}, func(r *rig) {
		c, s := r.websocket("EIO=4")
		c.send("40/b,")
		other := <-r.sessions
		go s.say(`2["` + strings.Repeat("x", 1<<20) + `"]`)
		synctest.Wait()
		begin := time.Now()
		s.Close(connectors.Reason{Cause: messages.CauseKicked})
		if err := <-other.ended; !errors.Is(err, connectors.ErrSlow) || since(begin) != time.Second {
			t.Errorf("the other session ends with %v after %v, want %v after 1s", err, since(begin), connectors.ErrSlow)
		}
		other.Close(connectors.Reason{})
	})
}

// Who connects again and again is hung up on: each session costs a socket and a call of the hook.
func TestConnectsArePaced(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c, s := r.websocket("EIO=4")
		n := 1
		for ; n < 100; n++ {
			c.send("41", "40")
			synctest.Wait()
			s.Close(connectors.Reason{Cause: messages.CauseClient})
			synctest.Wait()
			if len(r.sessions) == 0 {
				break
			}
			s = <-r.sessions
		}
		if n != 5 {
			t.Errorf("%d sessions at once, want 5", n)
		}
		c.expect("(websocket: close 1000 (normal): malformed…")
	})
}

// Bodies that do not come are not waited for beyond PackageTime.
func TestBodiesThatDoNotCome(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		conn, err := r.net.Dial()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
		time.Sleep(time.Minute)
		r.listener.Close()
		begin := time.Now()
		if <-r.listener.(connectors.Lingerer).Gone(); since(begin) > 2*time.Second {
			t.Errorf("the listener is gone after %v", since(begin))
		}
		conn.Close()
	})
}

// A client that is pinged while it is held up, and could not be heard, is asked anew.
func TestAPongBehindAHoldUpIsInTime(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		s.hold = make(chan struct{})
		time.Sleep(24 * time.Second)
		posted := make(chan int, 1)
		go func() { status, _ := c.post(`42["held"]`); posted <- status }()
		time.Sleep(20 * time.Second)
		close(s.hold)
		<-posted
		time.Sleep(10 * time.Second)
		if status, _ := c.post("3"); status != 200 {
			t.Errorf("a pong 10s after the client was let go on: %d", status)
		}
		s.Close(connectors.Reason{})
	})
}

// The last session of a closed listener takes its engine along, also when its client leaves by itself.
func TestALeaverWhileTheListenerCloses(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		c.post("41")
		r.listener.Close()
		begin := time.Now()
		s.Close(connectors.Reason{Cause: messages.CauseClient})
		if <-r.listener.(connectors.Lingerer).Gone(); since(begin) > 2*time.Second {
			t.Errorf("the listener is gone after %v", since(begin))
		}
	})
}
