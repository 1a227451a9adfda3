package sio_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/messages"
)

// What a client that polls gets at the end, and whether it may come back for more (P16.8).
func TestHowPollingEnds(t *testing.T) {
	kick := func(s *session) { s.Close(connectors.Reason{Cause: messages.CauseKicked}) }
	for name, tt := range map[string]struct {
		end  func(c *client, s *session)
		held string   // what a GET that is held gets
		then []string // and others behind it: bodies, or "400"
		next []string // without one that was held
	}{
		"the client says so":      {end: func(c *client, _ *session) { c.post("1") }, held: "6", then: []string{"400"}, next: []string{"6", "400"}},
		"a kick":                  {end: func(_ *client, s *session) { kick(s) }, held: "41", then: []string{"1", "400"}, next: []string{"41", "1", "400"}},
		"a kick behind a message": {end: func(_ *client, s *session) { s.say(`2["last"]`); kick(s) }, held: `42["last"]`, then: []string{"41", "1", "400"}, next: []string{"42[\"last\"]\x1e41", "1", "400"}},
		"a kick that wants it back": {
			end:  func(_ *client, s *session) { s.Close(connectors.Reason{Cause: messages.CauseKicked, RetryAfter: 1}) },
			held: "1", then: []string{"400"}, next: []string{"1", "400"},
		},
		"a drain": {
			end:  func(_ *client, s *session) { s.Close(connectors.Reason{Cause: messages.CauseDraining, RetryAfter: 1}) },
			held: "1", then: []string{"400"}, next: []string{"1", "400"},
		},
		"malformed":             {end: func(c *client, _ *session) { c.post("nonsense") }, held: "1", then: []string{"400"}, next: []string{"400"}},
		"malformed, by session": {end: func(_ *client, s *session) { s.Close(connectors.Reason{Cause: messages.CauseMalformed}) }, held: "1", then: []string{"400"}, next: []string{"400"}},
		"too slow":              {end: func(_ *client, s *session) { s.Close(connectors.Reason{Cause: messages.CauseSlow}) }, held: "1", then: []string{"400"}, next: []string{"400"}},
		"a poll too many":       {end: func(c *client, _ *session) { c.get() }, held: "1", then: []string{"400"}},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.next != nil {
				bubble(t, &sio.Connector{}, func(r *rig) {
					c := r.open("EIO=4")
					s := c.connect()
					tt.end(c, s)
					synctest.Wait()
					expect(t, c, tt.next)
					s.Close(connectors.Reason{})
				})
			}
			bubble(t, &sio.Connector{}, func(r *rig) {
				c := r.open("EIO=4")
				s := c.connect()
				held := c.later()
				tt.end(c, s)
				if got := <-held; got != tt.held {
					t.Errorf("the GET that was held got %q, want %q", got, tt.held)
				}
				expect(t, c, tt.then)
				s.Close(connectors.Reason{})
			})
		})
	}
}

func expect(t *testing.T, c *client, bodies []string) {
	t.Helper()
	for _, want := range bodies {
		status, got := c.get()
		if status == 400 {
			got = "400"
		}
		if got != want {
			t.Errorf("polled %q, want %q", got, want)
		}
	}
}

// Nobody waits for a client for ever that does not fetch what is left.
func TestWhatIsLeftIsKeptForTwoSeconds(t *testing.T) {
	for after, want := range map[time.Duration]int{1999 * time.Millisecond: 200, 2001 * time.Millisecond: 400} {
		bubble(t, &sio.Connector{}, func(r *rig) {
			c := r.open("EIO=4")
			c.connect().Close(connectors.Reason{Cause: messages.CauseClosed})
			time.Sleep(after)
			if status, _ := c.get(); status != want {
				t.Errorf("after %v: %d, want %d", after, status, want)
			}
		})
	}
}

func TestACancelledPollEndsTheClient(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c := r.open("EIO=4")
		s := c.connect()
		ctx, cancel := context.WithCancel(r.Context())
		go c.ask(ctx, "GET", "")
		time.Sleep(time.Second)
		cancel()
		if err := <-s.ended; err == nil || errors.Is(err, io.EOF) {
			t.Errorf("ended with %v, want that the poll was cancelled", err)
		}
		if status, _ := c.get(); status != 400 {
			t.Errorf("next poll: %d, want 400", status)
		}
		s.Close(connectors.Reason{})
	})
}

func TestHowAWebSocketEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		reason connectors.Reason
		last   []string
	}{
		"a kick":  {connectors.Reason{Cause: messages.CauseKicked, Text: "out"}, []string{"41", "(websocket: close 1000 (normal): out)"}},
		"a close": {connectors.Reason{Cause: messages.CauseClosed}, []string{"41", "(websocket: close 1000 (normal)…"}},
		"a drain": {connectors.Reason{Cause: messages.CauseDraining}, []string{"(websocket: close 1012: draining)"}},
		"a stop":  {connectors.Reason{Cause: messages.CauseStopping}, []string{"(websocket: close 1001 (going away)…"}},
		"slow":    {connectors.Reason{Cause: messages.CauseSlow}, []string{"(websocket: close 1008 (policy violation)…"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &sio.Connector{}, func(r *rig) {
				c, s := r.websocket("EIO=4")
				s.say(`2["before"]`)
				s.Close(tt.reason)
				c.expect(append([]string{`42["before"]`}, tt.last...)...)
				if err := s.say("too late"); !errors.Is(err, net.ErrClosed) {
					t.Errorf("write after close: %v, want net.ErrClosed", err)
				}
			})
		})
	}
}

func TestHowAClientEndsAWebSocket(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(c *socket)
		want error
	}{
		"with a packet":     {func(c *socket) { c.send("1") }, io.EOF},
		"with a frame":      {func(c *socket) { c.ws.WriteControl(8, []byte{3, 0xe8}, time.Time{}) }, io.EOF},
		"with nonsense":     {func(c *socket) { c.send("x") }, connectors.ErrMalformed},
		"with nothing":      {func(c *socket) { c.send("") }, connectors.ErrMalformed},
		"with half a frame": {func(c *socket) { c.ws.NetConn().Write([]byte("\x81\xff")) }, connectors.ErrStalled},
		"without a word":    {func(c *socket) { c.ws.NetConn().Close() }, io.EOF},
		"with too much":     {func(c *socket) { c.send("4" + string(make([]byte, 1_000_000))) }, connectors.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &sio.Connector{}, func(r *rig) {
				c, s := r.websocket("EIO=4")
				go tt.end(c)
				if err := <-s.ended; !errors.Is(err, tt.want) {
					t.Errorf("ended with %v, want %v", err, tt.want)
				}
				s.Close(connectors.Reason{})
			})
		})
	}
}

// A client that has left may come back on the same wire (P17.5); without a session it is not kept.
func TestALeaverMayComeBack(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c, s := r.websocket("EIO=4")
		c.send("41")
		synctest.Wait()
		if got := s.heard(); got != "1" {
			t.Errorf("heard %q, want that it leaves", got)
		}
		c.send("40")
		synctest.Wait()
		if len(r.sessions) > 0 {
			t.Error("a new session begins before the old one has ended")
		}
		s.Close(connectors.Reason{Cause: messages.CauseClient})
		again := <-r.sessions
		c.send(`42["back"]`, "41")
		synctest.Wait()
		if got := again.heard(); got != `2["back"] 1` {
			t.Errorf("heard %q of the new session", got)
		}
		again.Close(connectors.Reason{Cause: messages.CauseClient})
		begin := time.Now()
		c.expect("2")
		c.send("3")
		if c.expect("(websocket: close 1000 (normal)…"); since(begin) != 45*time.Second {
			t.Errorf("closed after %v without a session, want 45s", since(begin))
		}
	})
}

// One that does not know how to leave does not come back.
func TestALeaverThatMakesNoSenseIsHungUpOn(t *testing.T) {
	bubble(t, &sio.Connector{}, func(r *rig) {
		c, s := r.websocket("EIO=4")
		c.send(`41{"a":1}`)
		synctest.Wait()
		s.Close(connectors.Reason{Cause: messages.CauseMalformed}) // as the protocol says
		c.expect("(websocket: close 1000 (normal): malformed…")
	})
}
