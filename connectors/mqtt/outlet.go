package mqtt

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

// outlet is what stands between a client's outbox and its wire: it numbers the messages of QoS 1, holds back
// those that have no room in the client's window, and drops what it must not be sent. Codecs know no client, so they leave
// the packet id of such a message zero. The writer passes packets, the protocol frees room for more.
type outlet struct {
	cfg *settings

	mu       sync.Mutex
	version  mqtt.Version // 0: the client is not in
	said     bool         // that the connection ends
	replaced bool
	largest  int // packet that the client takes; 0: any
	window   int
	lastID   uint16
	flying   []uint16 // ids that the client has not acknowledged
	waiting  [][]byte // packets without an id
	held     int      // bytes of these
	granted  []string // filters
}

// enter opens the outlet for a client that is let in.
func (o *outlet) enter(c *mqtt.Connect) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.version, o.window = c.Version, o.cfg.window
	if n := int(c.Properties.ReceiveMaximum); n > 0 {
		o.window = min(n, o.window)
	}
	o.largest = int(c.Properties.MaximumPacketSize)
}

// pass appends to dst what of packages may go now. ErrSlow says that too much waits for the client.
func (o *outlet) pass(dst []byte, packages net.Buffers) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range packages {
		for len(p) > 0 {
			packet, rest := split(p)
			var err error
			if dst, err = o.one(dst, packet); err != nil {
				return dst, err
			}
			p = rest
		}
	}
	return dst, nil
}

// free tells whether packages may go just as they are.
func (o *outlet) free(packages net.Buffers) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.largest > 0 || o.cfg.requireSubscribe {
		return false
	}
	for _, p := range packages {
		for len(p) > 0 {
			packet, rest := split(p)
			if isPublish(packet) && quality(packet) > 0 {
				return false
			}
			p = rest
		}
	}
	return true
}

// one passes a packet. It is called with mu held.
func (o *outlet) one(dst, packet []byte) ([]byte, error) {
	if !isPublish(packet) {
		return append(dst, packet...), nil
	}
	topic, at := topicOf(packet)
	switch {
	case o.largest > 0 && len(packet) > o.largest, !o.wanted(topic):
		return dst, nil
	case quality(packet) == 0 || binary.BigEndian.Uint16(packet[at:]) != 0:
		return append(dst, packet...), nil
	case len(o.waiting) == 0 && len(o.flying) < o.window:
		return o.fly(dst, packet, at), nil
	case o.held+len(packet) > o.cfg.waiting:
		return dst, fmt.Errorf("mqtt: %d messages wait for a PUBACK, %d bytes more for these: %w", len(o.flying), o.held, connectors.ErrSlow)
	}
	o.waiting = append(o.waiting, slices.Clone(packet))
	o.held += len(packet)
	return dst, nil
}

// wanted tells whether a message for topic may be sent. It is called with mu held.
func (o *outlet) wanted(topic []byte) bool {
	if !o.cfg.requireSubscribe || !o.cfg.answers.pomelo && !strings.HasPrefix(string(topic), mqtt.PushPrefix) {
		return true
	}
	return slices.ContainsFunc(o.granted, func(filter string) bool { return mqtt.Match(filter, string(topic)) })
}

// fly appends a packet with an id of its own, which is at a place in it. It is called with mu held.
func (o *outlet) fly(dst, packet []byte, at int) []byte {
	for o.lastID++; o.lastID == 0 || slices.Contains(o.flying, o.lastID); o.lastID++ {
	}
	o.flying = append(o.flying, o.lastID)
	dst = append(dst, packet...)
	binary.BigEndian.PutUint16(dst[len(dst)-len(packet)+at:], o.lastID)
	return dst
}

// acknowledged frees an id, and appends to dst what may go in its place. Ids that nobody waits for are ignored.
func (o *outlet) acknowledged(dst []byte, id uint16) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.Index(o.flying, id); i >= 0 {
		o.flying = slices.Delete(o.flying, i, i+1)
	}
	for len(o.waiting) > 0 && len(o.flying) < o.window {
		packet := o.waiting[0]
		_, at := topicOf(packet)
		dst = o.fly(dst, packet, at)
		o.held -= len(packet)
		o.waiting = slices.Delete(o.waiting, 0, 1)
	}
	return dst
}

// grant notes a subscription, unless there are too many.
func (o *outlet) grant(filter string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.granted, filter) {
		return true
	}
	if len(o.granted) >= o.cfg.maxSubscriptions {
		return false
	}
	o.granted = append(o.granted, filter)
	return true
}

// revoke ends a subscription, and tells whether there was one.
func (o *outlet) revoke(filter string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.Index(o.granted, filter)
	if i >= 0 {
		o.granted = slices.Delete(o.granted, i, i+1)
	}
	return i >= 0
}

// The packets here are of our own making: whole, and rightly made.

// split cuts the first packet off b.
func split(b []byte) (packet, rest []byte) {
	n, at := remaining(b)
	return b[: at+n : at+n], b[at+n:]
}

// remaining is how long a packet is behind its header, and where that is.
func remaining(b []byte) (n, at int) {
	for at = 1; ; at++ {
		n |= int(b[at]&0x7f) << (7 * (at - 1))
		if b[at] < 0x80 {
			return n, at + 1
		}
	}
}

func isPublish(packet []byte) bool { return packet[0]>>4 == byte(mqtt.TypePublish) }

// quality is a PUBLISH's QoS.
func quality(packet []byte) byte { return packet[0] >> 1 & 3 }

// topicOf is a PUBLISH's topic, and where its packet id is, if it has one.
func topicOf(packet []byte) (topic []byte, end int) {
	_, at := remaining(packet)
	end = at + 2 + int(binary.BigEndian.Uint16(packet[at:]))
	return packet[at+2 : end], end
}
