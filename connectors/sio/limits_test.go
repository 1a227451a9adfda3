package sio_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/messages"
)

func TestClientsThatPollAreCountedAndCapped(t *testing.T) {
	bubble(t, &sio.Connector{MaxPolling: 2}, func(r *rig) {
		a, b := r.open("EIO=4"), r.open("EIO=4")
		sa, sb := a.connect(), b.connect()
		third := &client{rig: r, query: "EIO=4"}
		if status, body := third.get(); status != http.StatusServiceUnavailable || body != `{"code":4,"message":"Too many clients"}` {
			t.Errorf("a third client: %d %q, want 503", status, body)
		}
		ws, sw := r.websocket("EIO=4")
		if got, want := r.connector.Stats(), (sio.Stats{Clients: 3, Polling: 2}); got != want {
			t.Errorf("stats are %+v, want %+v", got, want)
		}
		up := a.dial()
		up.send("2probe", "5")
		up.expect("3probe")
		synctest.Wait()
		if got, want := r.connector.Stats(), (sio.Stats{Clients: 3, Polling: 1}); got != want {
			t.Errorf("stats are %+v after an upgrade, want %+v", got, want)
		}
		third.sid = r.open("EIO=4").sid // there is room again
		if got, want := r.connector.Stats(), (sio.Stats{Clients: 4, Polling: 2, Idle: 1}); got != want {
			t.Errorf("stats are %+v, want %+v", got, want)
		}
		for _, s := range []*session{sa, sb, sw} {
			s.Close(connectors.Reason{Cause: messages.CauseKicked})
		}
		up.ws.Close()
		ws.ws.Close()
		time.Sleep(time.Minute)
		if got := r.connector.Stats(); got != (sio.Stats{}) {
			t.Errorf("stats are %+v when all have gone, want none", got)
		}
		if got := r.connector.Counts().Refused; got != 1 {
			t.Errorf("%d refused, want 1", got)
		}
	})
}

func TestClientsWithoutASessionAreCapped(t *testing.T) {
	bubble(t, &sio.Connector{MaxIdle: 1}, func(r *rig) {
		c := r.open("EIO=4")
		if status, _ := (&client{rig: r, query: "EIO=4"}).get(); status != http.StatusServiceUnavailable {
			t.Errorf("a second client without a session: %d, want 503", status)
		}
		s := c.connect()
		other := r.open("EIO=4")
		time.Sleep(44 * time.Second)
		if status, _ := other.do("GET", ""); status != 200 {
			t.Errorf("after 44s: %d, want 200: a ping", status)
		}
		other.post("3")
		time.Sleep(time.Second)
		if status, _ := other.get(); status != 400 {
			t.Errorf("after 45s without a session: %d, want 400", status)
		}
		s.Close(connectors.Reason{})
	})
}

// A Write waits when much waits for a GET, and not when little does.
func TestWritesWaitForPolls(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		long := `2["` + strings.Repeat("x", 32<<10) + `"]`
		s.say(long)
		done := make(chan error, 1)
		begin := time.Now()
		go func() { done <- s.say(`2["behind"]`) }()
		time.Sleep(3 * time.Second)
		if taken, stalled := s.Conn.(connectors.Meter).Progress(); !stalled.Equal(begin) || taken < 32<<10 {
			t.Errorf("progress is %d bytes, stalled since %v; want since %v", taken, stalled, begin)
		}
		if len(done) > 0 {
			t.Error("a Write does not wait for room")
		}
		if _, got := c.get(); got != "4"+long {
			t.Errorf("polled %d bytes, want what was written first", len(got))
		}
		if err := <-done; err != nil {
			t.Errorf("write: %v", err)
		}
		if _, got := c.get(); got != `42["behind"]` {
			t.Errorf("polled %q", got)
		}
		s.say(long)
		go func() { done <- s.say(`2["never"]`) }()
		synctest.Wait()
		s.Close(connectors.Reason{Cause: messages.CauseSlow})
		if err := <-done; err == nil {
			t.Error("a Write under way at Close succeeds")
		}
	})
}

func TestPostsAreLimited(t *testing.T) {
	bubble(t, &sio.Connector{MaxPayload: 1000}, func(r *rig) {
		for size, want := range map[int]int{1000: 200, 1001: 413} {
			c := r.open("EIO=4")
			s := c.connect()
			if status, _ := c.post(`42["` + strings.Repeat("x", size-6) + `"]`); status != want {
				t.Errorf("a body of %d bytes: %d, want %d", size, status, want)
			}
			if err := s.end(); want == 413 && !errors.Is(err, connectors.ErrTooLarge) {
				t.Errorf("a body of %d bytes ends with %v, want %v", size, err, connectors.ErrTooLarge)
			}
			s.Close(connectors.Reason{})
		}
	})
}

func TestAPayloadOfVeryManyPackets(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		const n = 10_000
		if status, _ := c.post(strings.TrimSuffix(strings.Repeat("42[0]\x1e", n), "\x1e")); status != 200 {
			t.Errorf("status %d", status)
		}
		if got := strings.Count(s.heard(), "2[0]"); got != n {
			t.Errorf("%d messages, want %d", got, n)
		}
		s.Close(connectors.Reason{})
	})
}
