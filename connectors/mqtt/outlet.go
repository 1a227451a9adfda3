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
// the packet id of such a message zero. Only the writer passes packets, so that they keep their order; the protocol frees
// room, and nudges the writer.
type outlet struct {
	cfg *settings

	mu       sync.Mutex
	version  mqtt.Version // 0: the client is not in
	said     bool         // that the connection ends
	gone     bool         // the Conn has closed
	replaced bool
	among    *clients // nil: its id is nobody's business
	id       string   // among them
	largest  int      // packet that the client takes; 0: any
	window   int
	lastID   uint16
	flying   map[uint16]struct{} // ids that the client has not acknowledged
	waiting  []byte              // packets without an id, one behind the other
	held     int                 // how many
	granted  []string            // filters
	size     int                 // of these, in bytes
}

// nudge is what makes a writer look for room: a packet that there is not, and that goes nowhere.
var nudge = [...]byte{0, 0}

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
	dst = o.catchUp(dst)
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
	if o.largest > 0 || o.cfg.requireSubscribe || len(o.waiting) > 0 {
		return false
	}
	for _, p := range packages {
		for len(p) > 0 {
			packet, rest := split(p)
			if isNudge(packet) || isPublish(packet) && quality(packet) > 0 {
				return false
			}
			p = rest
		}
	}
	return true
}

// catchUp appends what has waited and has room now. It is called with mu held.
func (o *outlet) catchUp(dst []byte) []byte {
	for len(o.waiting) > 0 && len(o.flying) < o.window {
		packet, rest := split(o.waiting)
		_, at := topicOf(packet)
		dst = o.fly(dst, packet, at)
		o.waiting = rest
		o.held--
	}
	if len(o.waiting) == 0 {
		o.waiting = nil
	}
	return dst
}

// one passes a packet. It is called with mu held.
func (o *outlet) one(dst, packet []byte) ([]byte, error) {
	switch {
	case isNudge(packet):
		return dst, nil
	case !isPublish(packet):
		return append(dst, packet...), nil
	}
	topic, at := topicOf(packet)
	switch {
	case o.largest > 0 && len(packet) > o.largest, !o.wanted(topic):
		return dst, nil
	case quality(packet) == 0:
		return append(dst, packet...), nil
	case len(o.waiting) == 0 && len(o.flying) < o.window:
		return o.fly(dst, packet, at), nil
	case len(o.waiting)+len(packet) > o.cfg.waiting:
		return dst, fmt.Errorf("mqtt: %d messages wait for a PUBACK, %d bytes more for these: %w", len(o.flying), len(o.waiting), connectors.ErrSlow)
	}
	o.waiting = append(o.waiting, packet...)
	o.held++
	return dst, nil
}

// Held is for connectors.Holder.
func (o *outlet) Held() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held
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
	for o.lastID++; o.lastID == 0 || o.flies(o.lastID); o.lastID++ {
	}
	if o.flying == nil {
		o.flying = map[uint16]struct{}{}
	}
	o.flying[o.lastID] = struct{}{}
	dst = append(dst, packet...)
	binary.BigEndian.PutUint16(dst[len(dst)-len(packet)+at:], o.lastID)
	return dst
}

func (o *outlet) flies(id uint16) bool {
	_, ok := o.flying[id]
	return ok
}

// acknowledged frees an id, and nudges the writer if something may go in its place. Ids that nobody waits for are ignored.
func (o *outlet) acknowledged(dst []byte, id uint16) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.flies(id) {
		return dst
	}
	delete(o.flying, id)
	if len(o.waiting) > 0 {
		dst = append(dst, nudge[:]...)
	}
	return dst
}

// grant notes a subscription, unless there are too many, or they are longer than a packet together.
func (o *outlet) grant(filter string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.granted, filter) {
		return true
	}
	if len(o.granted) >= o.cfg.maxSubscriptions || o.size+len(filter) > o.cfg.maxPacket {
		return false
	}
	o.granted = append(o.granted, filter)
	o.size += len(filter)
	return true
}

// revoke ends a subscription, and tells whether there was one.
func (o *outlet) revoke(filter string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.Index(o.granted, filter)
	if i >= 0 {
		o.granted = slices.Delete(o.granted, i, i+1)
		o.size -= len(filter)
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

func isNudge(packet []byte) bool { return packet[0] == nudge[0] }

func isPublish(packet []byte) bool { return packet[0]>>4 == byte(mqtt.TypePublish) }

// quality is a PUBLISH's QoS.
func quality(packet []byte) byte { return packet[0] >> 1 & 3 }

// topicOf is a PUBLISH's topic, and where its packet id is, if it has one.
func topicOf(packet []byte) (topic []byte, end int) {
	_, at := remaining(packet)
	end = at + 2 + int(binary.BigEndian.Uint16(packet[at:]))
	return packet[at+2 : end], end
}
