package engineio_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
)

const (
	interval = 25 * time.Second
	timeout  = 20 * time.Second
)

var opened = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func start(v engineio.Version) engineio.Heart {
	return (&engineio.Rhythm{Version: v, Interval: interval, Timeout: timeout}).Start(opened)
}

// expire calls Expire some time after the open packet.
func expire(h *engineio.Heart, after time.Duration) string {
	switch ping, dead := h.Expire(opened.Add(after)); {
	case ping && dead:
		return "both"
	case ping:
		return "ping"
	case dead:
		return "dead"
	}
	return "nothing"
}

// feed sees a packet some time after the open packet.
func feed(h *engineio.Heart, typ byte, data string, after time.Duration) (string, error) {
	b, err := h.Feed(nil, engineio.Packet{Type: typ, Data: []byte(data)}, opened.Add(after))
	return string(b), err
}

func due(h *engineio.Heart) time.Duration { return h.Due().Sub(opened) }

func TestTheServerPingsInVersion4(t *testing.T) {
	h := start(engineio.V4)
	if due(&h) != interval || expire(&h, interval-1) != "nothing" {
		t.Error("a ping comes before the interval is over")
	}
	if got := expire(&h, interval); got != "ping" {
		t.Errorf("after the interval: %s, want a ping", got)
	}
	if due(&h) != interval+timeout || expire(&h, interval) != "nothing" {
		t.Errorf("the pong is due %v after the open packet", due(&h))
	}
	last := interval + timeout - 1
	if h.Dead(opened.Add(last)) || expire(&h, last) != "nothing" {
		t.Error("the client is dead before its time")
	}
	if answer, err := feed(&h, engineio.Pong, "", last); answer != "" || err != nil {
		t.Errorf("the pong is answered %q, %v", answer, err)
	}
	if due(&h) != last+interval {
		t.Errorf("the next ping is due after %v, want an interval after the pong", due(&h))
	}
}

func TestNobodyIsAliveWithoutAPongInVersion4(t *testing.T) {
	h := start(engineio.V4)
	expire(&h, interval)
	if _, err := feed(&h, engineio.Message, "2[]", interval+time.Second); err != nil {
		t.Fatal(err)
	}
	if !h.Dead(opened.Add(interval+timeout)) || expire(&h, interval+timeout) != "dead" {
		t.Error("a client that sends messages and no pong lives on")
	}
}

func TestPongsUnaskedPutNothingOff(t *testing.T) {
	h := start(engineio.V4)
	if _, err := feed(&h, engineio.Pong, "", interval/2); err != nil || due(&h) != interval {
		t.Errorf("%v, and the ping is due after %v, want %v", err, due(&h), interval)
	}
}

func TestHeartbeatsHaveADirection(t *testing.T) {
	h4, h3 := start(engineio.V4), start(engineio.V3)
	if _, err := feed(&h4, engineio.Ping, "", 0); !errors.Is(err, engineio.ErrHeartbeat) {
		t.Errorf("a client's ping in version 4: %v", err)
	}
	if _, err := feed(&h3, engineio.Pong, "", 0); !errors.Is(err, engineio.ErrHeartbeat) {
		t.Errorf("a client's pong in version 3: %v", err)
	}
}

// A timer that is a little late does not move the end: clients count from the open packet.
func TestALatePingLeavesTheDeadline(t *testing.T) {
	h := start(engineio.V4)
	if expire(&h, interval+timeout/4) != "ping" || due(&h) != interval+timeout {
		t.Errorf("the pong is due after %v, want %v", due(&h), interval+timeout)
	}
}

func TestNobodyPaysForAServerThatWasAway(t *testing.T) {
	h := start(engineio.V4)
	late := interval + timeout/4 + 1
	if expire(&h, late) != "ping" || due(&h) != late+timeout {
		t.Errorf("the pong is due after %v, want %v", due(&h), late+timeout)
	}
	h = start(engineio.V4)
	if away := time.Hour; h.Dead(opened.Add(away)) || expire(&h, away) != "ping" {
		t.Error("a client that was never asked is dead")
	}
}

func TestTheClientPingsInVersion3(t *testing.T) {
	h := start(engineio.V3)
	for data, want := range map[string]string{"": "\x81\x013", "x": "\x81\x023x", "probe": "\x81\x013"} {
		if got, err := feed(&h, engineio.Ping, data, 0); err != nil || got != want {
			t.Errorf("ping %q is answered %q, %v, want %q", data, got, err, want)
		}
	}
	end := interval + timeout
	if due(&h) != end || expire(&h, end-1) != "nothing" || h.Dead(opened.Add(end-1)) {
		t.Error("the client is dead before its time")
	}
	if answer, err := feed(&h, engineio.Message, "2[]", time.Second); answer != "" || err != nil {
		t.Errorf("a message is answered %q, %v", answer, err)
	}
	if due(&h) != end+time.Second {
		t.Errorf("due after %v: a message is life", due(&h))
	}
	if !h.Dead(opened.Add(end+time.Second)) || expire(&h, end+time.Second) != "dead" {
		t.Error("a silent client lives on")
	}
}
