package sio_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// since tells how long it is since begin, to the millisecond.
func since(begin time.Time) time.Duration { return time.Since(begin).Round(time.Millisecond) }

func TestHeartbeatsOfVersionFour(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		begin := time.Now()
		c, s := r.websocket("EIO=4")
		for i := 1; i <= 3; i++ {
			c.expect("2")
			if got, want := since(begin), time.Duration(i)*25*time.Second; got != want {
				t.Errorf("ping %d after %v, want %v", i, got, want)
			}
			c.send("3")
		}
		c.expect("2", "(websocket: close 1000 (normal): heartbeat timeout)")
		if got := since(begin); got != 120*time.Second {
			t.Errorf("closed after %v, want 2m: four intervals and a timeout", got)
		}
		if err := <-s.ended; !errors.Is(err, connectors.ErrSilent) {
			t.Errorf("ended with %v, want %v", err, connectors.ErrSilent)
		}
		s.Close(connectors.Reason{})
	})
}

func TestHeartbeatsOfVersionThree(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		begin := time.Now()
		c, s := r.websocket("EIO=3")
		c.send("2", "2ping", "2probe")
		c.expect("3", "3ping", "3")
		time.Sleep(40 * time.Second)
		c.send(`42["any packet is life"]`)
		c.expect("(websocket: close 1000 (normal): heartbeat timeout)")
		if got := since(begin); got != 85*time.Second {
			t.Errorf("closed after %v, want 1m25s: interval and timeout after the last packet", got)
		}
		if err := <-s.ended; !errors.Is(err, connectors.ErrSilent) {
			t.Errorf("ended with %v, want %v", err, connectors.ErrSilent)
		}
		s.Close(connectors.Reason{})
	})
}

func TestHeartbeatsOfPollingClients(t *testing.T) {
	bubble(t, &sio.Connector{PingInterval: 3 * time.Second, PingTimeout: 2 * time.Second}, func(r *rig) {
		begin := time.Now()
		c := r.open("EIO=4")
		s := c.connect()
		for i := 1; i <= 2; i++ {
			if got := <-c.later(); got != "2" || since(begin) != time.Duration(i)*3*time.Second {
				t.Errorf("%q after %v, want a ping after %d s", got, since(begin), 3*i)
			}
			c.post("3")
		}
		if got := <-c.later(); got != "2" {
			t.Errorf("polled %q, want a ping", got)
		}
		last := <-c.later()
		if status, _ := c.get(); last != "1" || status != 400 || since(begin) != 11*time.Second {
			t.Errorf("%q and then %d after %v, want a close and 400 after 11s", last, status, since(begin))
		}
		s.Close(connectors.Reason{})
	})
}

// A client whose messages take long cannot show life: nobody reads its pongs.
func TestLifeIsNotAskedOfAClientThatIsHeldUp(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c, s := r.websocket("EIO=4")
		s.hold = make(chan struct{})
		c.send(`42["slow"]`)
		time.Sleep(10 * time.Minute)
		if err := s.end(); err != nil {
			t.Errorf("ended with %v while it is held up", err)
		}
		close(s.hold)
		begin := time.Now()
		c.expect("2")
		if got := since(begin); got != 25*time.Second {
			t.Errorf("ping %v after the client was let go on, want 25s", got)
		}
		c.send("3", `42["alive"]`)
		synctest.Wait()
		if got := s.heard(); got != `2["slow"] 2["alive"]` {
			t.Errorf("heard %q", got)
		}
		s.Close(connectors.Reason{})
	})
}

func TestTheWrongSideMayNotPing(t *testing.T) {
	for query, packet := range map[string]string{"EIO=4": "2", "EIO=3": "3"} {
		bubble(t, &sio.Connector{}, func(r *rig) {
			c, s := r.websocket(query)
			c.send(packet)
			c.expect("(websocket: close 1000 (normal): malformed…")
			if err := <-s.ended; !errors.Is(err, connectors.ErrMalformed) {
				t.Errorf("%s: ended with %v, want %v", query, err, connectors.ErrMalformed)
			}
			s.Close(connectors.Reason{})
		})
	}
}
