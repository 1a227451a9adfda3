package sio_test

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
)

// try says a Socket.IO packet if it can at once.
func (s *session) try(packet string) (taken bool) {
	taken, _ = s.Conn.(connectors.Prompt).TryWrite(net.Buffers{engineio.AppendPacket(nil, engineio.Message, packet)})
	return taken
}

// What is said without waiting answers the GET that is held, or waits for the next in its turn.
func TestTryWriteToAClientThatPolls(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		held, begin := c.later(), time.Now()
		if !s.try("2[1]") {
			t.Error("nothing waits, and it is not taken")
		}
		if got := <-held; got != "42[1]" || since(begin) != 0 {
			t.Errorf("the GET that is held gets %q after %v", got, since(begin))
		}
		s.say("2[2]")
		s.try("2[3]")
		s.say("2[4]")
		s.try("2[5]")
		if _, got := c.get(); got != "42[2]\x1e42[3]\x1e42[4]\x1e42[5]" {
			t.Errorf("polled %q, want all in order", got)
		}
		if taken, stalled := s.Conn.(connectors.Meter).Progress(); taken == 0 || !stalled.IsZero() {
			t.Errorf("progress is %d bytes, stalled since %v", taken, stalled)
		}
		s.Close(connectors.Reason{})
		if s.try("2[6]") {
			t.Error("it is taken behind Close")
		}
	})
}

// As long as 32 KiB wait for a GET nothing is taken, and there is room when they are fetched (P16.6).
func TestTryWriteWhenMuchWaits(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		s.say(`2["` + strings.Repeat("x", 31<<10) + `"]`)
		if !s.try(`2["` + strings.Repeat("y", 1<<10) + `"]`) {
			t.Error("31 KiB wait, and it is not taken")
		}
		if s.try("2[1]") {
			t.Error("32 KiB wait, and it is taken")
		}
		_, got := c.get()
		if !strings.HasSuffix(got, `y"]`) || len(got) < 32<<10 {
			t.Errorf("polled %d bytes, want what was taken", len(got))
		}
		if !s.try("2[2]") {
			t.Error("all has been fetched, and it is not taken")
		}
		if _, got := c.get(); got != "42[2]" {
			t.Errorf("polled %q, want what was taken next", got)
		}
		s.Close(connectors.Reason{})
	})
}

// A client of Engine.IO 3 is let in by what is said without waiting, too (P17.3).
func TestTryWriteLetsAClientIn(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=3&b64=1")
		s := <-r.sessions
		posted := c.deliver("5:42[1]")
		if got := s.heard(); got != "" {
			t.Errorf("heard %q before the client is in", got)
		}
		s.try("0")
		synctest.Wait()
		if got := s.heard(); got != "2[1]" || <-posted != 200 {
			t.Errorf("heard %q", got)
		}
		s.Close(connectors.Reason{})
	})
}
