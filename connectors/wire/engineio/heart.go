package engineio

import (
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// ErrHeartbeat is a ping of a client that is to be pinged, or a pong of one that pings.
var ErrHeartbeat = fmt.Errorf("engineio: heartbeat in the wrong direction: %w", connectors.ErrMalformed)

// Rhythm is how the hearts of many connections beat. It does not change.
type Rhythm struct {
	Version Version
	// Interval is how long after the open packet, and after each pong, a ping is due; Timeout how
	// long its pong may take. In version 3 it is the client that pings.
	Interval, Timeout time.Duration
}

// Start makes the heart of a connection whose open packet is sent now.
func (r *Rhythm) Start(now time.Time) Heart { return Heart{rhythm: r, since: now} }

// Heart is the heartbeat of one connection. In version 4 the server pings and waits for the pong;
// in version 3 the client pings, and whatever it sends is life.
type Heart struct {
	rhythm *Rhythm
	since  time.Time // version 4: of the open packet, the ping or the pong; 3: of the last life
	asked  bool      // a pong is waited for
}

// Feed sees a packet that came, on whatever transport, but for the ping that probes another
// one. It appends to dst the frame that must answer, if any.
//
// A pong that nobody asked for is ignored: the reference takes it too, but lets it put off
// its next ping, and so for ever.
func (h *Heart) Feed(dst []byte, p Packet, now time.Time) ([]byte, error) {
	if h.rhythm.Version == V3 {
		return h.feed3(dst, p, now)
	}
	switch {
	case p.Type == Ping:
		return dst, ErrHeartbeat
	case p.Type == Pong && h.asked:
		h.asked, h.since = false, now
	}
	return dst, nil
}

// feed3 answers a ping with its own data; but with none if that is the probe's, as the
// reference does where nothing is probed.
func (h *Heart) feed3(dst []byte, p Packet, now time.Time) ([]byte, error) {
	if p.Type == Pong {
		return dst, ErrHeartbeat
	}
	h.since = now
	switch {
	case p.Type != Ping:
		return dst, nil
	case string(p.Data) == Probe:
		return AppendPacket(dst, Pong, ""), nil
	}
	return AppendPacket(dst, Pong, p.Data), nil
}

// Asked tells whether a pong is waited for.
func (h *Heart) Asked() bool { return h.asked }

// Due is when Expire must be called at the latest.
func (h *Heart) Due() time.Time {
	r := h.rhythm
	switch {
	case r.Version == V3:
		return h.since.Add(r.Interval + r.Timeout)
	case h.asked:
		return h.since.Add(r.Timeout)
	}
	return h.since.Add(r.Interval)
}

// Dead tells whether the client's time is over. Nobody is dead who was not asked.
func (h *Heart) Dead(now time.Time) bool {
	return (h.asked || h.rhythm.Version == V3) && !now.Before(h.Due())
}

// Expire tells what the time demands: that a ping is sent, or that the connection ends. It may be
// called earlier than Due.
func (h *Heart) Expire(now time.Time) (ping, dead bool) {
	due := h.Due()
	switch {
	case now.Before(due):
		return false, false
	case h.Dead(now):
		return false, true
	}
	h.asked, h.since = true, due
	if now.Sub(due) > h.rhythm.Timeout/4 { // we were away: the client shall not pay for it
		h.since = now
	}
	return true, false
}
