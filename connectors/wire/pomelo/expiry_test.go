package pomelo_test

import (
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

const ms = time.Millisecond

// event is something that happens at a time: a frame comes, or, with said empty,
// Expire is called.
type event struct {
	at   time.Duration
	said string
	want string        // what is to be done
	due  time.Duration // the Expire that the step sets, 0 for none
}

func TestExpiry(t *testing.T) {
	heartbeats := pomelo.Config{Heartbeat: 3 * time.Second}
	idle := pomelo.Config{Timeout: 2 * time.Second}
	for name, c := range map[string]struct {
		cfg  pomelo.Config
		due  time.Duration // set by Open
		then []event
	}{
		"no handshake": {heartbeats, 5 * time.Second, []event{ // P3.4, F 9
			{at: 4999 * ms, due: 5 * time.Second},
			{at: 5000 * ms, want: "close handshake timeout"},
			{at: 5001 * ms},
		}},
		"no ack, however much is said": {heartbeats, 5 * time.Second, []event{ // P3.4, F 9
			{at: 1000 * ms, said: hello},
			{at: 4000 * ms, said: beat},
			{at: 4999 * ms, said: beat},
			{at: 5000 * ms, want: "close handshake timeout"},
		}},
		"an ack in the last moment": {heartbeats, 5 * time.Second, []event{ // P5
			{at: 1000 * ms, said: hello},
			{at: 4999 * ms, said: ack, want: `send "\x03\x00\x00\x00", works`, due: 10999 * ms},
			{at: 5000 * ms, due: 10999 * ms},
			{at: 10998 * ms, due: 10999 * ms},
			{at: 10999 * ms, want: "close heartbeat timeout"},
		}},
		"heartbeats": {heartbeats, 5 * time.Second, []event{ // P5, P5.1
			{at: 0, said: hello},
			{at: 0, said: ack, want: `send "\x03\x00\x00\x00", works`, due: 6000 * ms},
			{at: 3000 * ms, said: beat, want: `send "\x03\x00\x00\x00"`},
			{at: 6000 * ms, due: 9000 * ms}, // moved on only now
			{at: 8999 * ms, said: beat, want: `send "\x03\x00\x00\x00"`},
			{at: 9000 * ms, due: 14999 * ms},
			{at: 14999 * ms, want: "close heartbeat timeout"},
		}},
		"data is life, text frames are": {heartbeats, 5 * time.Second, []event{ // P5.3
			{at: 0, said: hello},
			{at: 0, said: ack, want: `send "\x03\x00\x00\x00", works`, due: 6000 * ms},
			{at: 5999 * ms, said: ask, want: "request 1 r {}"},
			{at: 6000 * ms, due: 11999 * ms},
			{at: 11999 * ms, want: "close heartbeat timeout"},
		}},
		"a timeout of its own": {pomelo.Config{Heartbeat: time.Second, Timeout: 4 * time.Second}, 5 * time.Second, []event{
			{at: 0, said: hello},
			{at: 0, said: ack, want: `send "\x03\x00\x00\x00", works`, due: 4000 * ms},
			{at: 4000 * ms, want: "close heartbeat timeout"},
		}},
		"heartbeats without a timeout": {pomelo.Config{Heartbeat: time.Second, Timeout: -1}, 5 * time.Second, []event{
			{at: 0, said: hello},
			{at: 0, said: ack, want: `send "\x03\x00\x00\x00", works`},
			{at: time.Hour},
		}},
		"neither heartbeats nor a timeout": {pomelo.Config{}, 5 * time.Second, []event{ // P5.2
			{at: 0, said: hello},
			{at: 0, said: ack, want: "works"},
			{at: 1000 * ms, said: beat},
			{at: 5000 * ms},
			{at: time.Hour},
		}},
		"silent from the first moment on": {idle, 2 * time.Second, []event{ // P13.6
			{at: 1999 * ms, due: 2000 * ms},
			{at: 2000 * ms, want: "close heartbeat timeout"},
		}},
		"idle counts from the last frame": {idle, 2 * time.Second, []event{ // P13.6
			{at: 1000 * ms, said: hello},
			{at: 2000 * ms, due: 3000 * ms},
			{at: 2500 * ms, said: ack, want: "works", due: 4500 * ms},
			{at: 4000 * ms, said: ask, want: "request 1 r {}"},
			{at: 4500 * ms, due: 6000 * ms},
			{at: 6000 * ms, want: "close heartbeat timeout"},
		}},
		"the handshake's end before idle's": {pomelo.Config{Timeout: 2 * time.Second, HandshakeTime: 3 * time.Second}, 2 * time.Second, []event{
			{at: 1900 * ms, said: hello},
			{at: 2000 * ms, due: 3000 * ms},
			{at: 3000 * ms, want: "close handshake timeout"},
		}},
		"no end to the handshake": {pomelo.Config{HandshakeTime: -1}, 0, []event{
			{at: time.Hour},
			{at: time.Hour, said: hello},
			{at: 2 * time.Hour, said: ack, want: "works"},
		}},
	} {
		talk := open(c.cfg)
		if got := talk.step.Expire; !sameTime(got, c.due) {
			t.Errorf("%s: Open sets Expire to %v, want %v later", name, got, c.due)
		}
		for _, e := range c.then {
			got := talk.happens(e)
			if got != e.want || !sameTime(talk.step.Expire, e.due) {
				t.Errorf("%s: at %v, %q: %q, Expire %v, want %q, %v later", name, e.at, e.said, got, talk.step.Expire, e.want, e.due)
			}
		}
	}
}

// happens does what e says, and welcomes at once who asks for it.
func (c *talk) happens(e event) string {
	if e.said == "" {
		return c.at(e.at)
	}
	c.now = begin.Add(e.at)
	got := c.says(e.said)
	if c.step.Hello != nil {
		c.welcome(nil, nil)
		return ""
	}
	return got
}

// sameTime tells whether got is d after begin, the zero time if d is zero.
func sameTime(got time.Time, d time.Duration) bool {
	if d == 0 {
		return got.IsZero()
	}
	return got.Equal(begin.Add(d))
}
