package sio_test

import (
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
)

// Old clients are in at once, for all they know: what they say before they are told waits (P17.3).
func TestWhatOldClientsSayTooEarlyWaits(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=3&b64=1")
		s := <-r.sessions
		posted := make(chan int, 1)
		go func() { status, _ := c.post(`11:42["early"]`); posted <- status }()
		synctest.Wait()
		if got := s.heard(); got != "" || len(posted) > 0 {
			t.Errorf("heard %q, posts answered: %d, before the client is in", got, len(posted))
		}
		s.say("0")
		if status := <-posted; status != 200 {
			t.Errorf("post: %d", status)
		}
		if got := s.heard(); got != `2["early"]` {
			t.Errorf("heard %q, want what it said early", got)
		}
		s.Close(connectors.Reason{})
	})
}
