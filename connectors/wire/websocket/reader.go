package websocket

import (
	"math"
	"math/bits"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pieces"
)

// Message is what a client says: a whole message or a control frame. The zero Message is nothing.
type Message struct {
	Opcode byte // Text, Binary, Close, Ping or Pong
	Data   []byte
}

// Reader cuts messages out of what a client sends, however it is segmented. The zero Reader is ready and
// has no limit. What it holds follows the bytes received, never the length announced, and is nothing while
// no message is incomplete. Its methods are called one at a time, and no more after an error.
type Reader struct {
	begun *part // what is not complete; nil mostly
	given *part // what messages that were given out lie in, one behind the other
	limit int
}

// SetLimit sets the largest message accepted, of those that begin from now on and of fragments to come;
// n ≤ 0 means any.
func (r *Reader) SetLimit(n int) { r.limit = n }

// Pending tells whether a message or a control frame has begun and is not complete.
func (r *Reader) Pending() bool { return r.begun != nil }

// Rest gives up all messages that were given out. A Reader that is never told so remembers each that was
// not whole in one b.
func (r *Reader) Rest() {
	for p := r.given; p != nil; p = r.given {
		r.given = p.next
		p.giveBack()
	}
}

// Whole tells whether b begins with a message that Next can give as it lies there: in one frame, all of it,
// and with nothing wrong.
func (r *Reader) Whole(b []byte) bool {
	h, ok, err := r.head(b)
	return ok && err == nil && r.begun == nil && h.fin && !h.control() && h.within(b)
}

// Next cuts the next message or control frame out of b, which it changes, and returns what follows it. The
// zero Message says that there is none: all of b is taken. Data aliases b, or memory of the Reader: a
// message's is valid until Rest, a control frame's until the next call.
func (r *Reader) Next(b []byte) (m Message, rest []byte, err error) {
	for len(b) > 0 {
		if r.begun == nil || r.begun.between() {
			if m, rest, err = r.atOnce(b); m.Opcode != 0 || err != nil {
				return m, rest, err
			}
		}
		if m, b, err = r.bitByBit(b); m.Opcode != 0 || err != nil {
			return m, b, err
		}
	}
	return Message{}, nil, nil
}

// atOnce reads a frame that is all there and a whole message or control frame: most are. It copies nothing.
func (r *Reader) atOnce(b []byte) (m Message, rest []byte, err error) {
	h, ok, err := r.head(b)
	if err != nil || !ok || !h.within(b) || !h.control() && (!h.fin || h.opcode == Continuation) {
		return Message{}, b, err
	}
	end := h.length + int(h.size)
	m = Message{h.opcode, b[h.length:end:end]}
	unmask(m.Data, h.key)
	return m, b[end:], check(m)
}

// bitByBit reads on in a frame, as far as b goes.
func (r *Reader) bitByBit(b []byte) (m Message, rest []byte, err error) {
	if r.begun == nil {
		r.begun = parts.Get().(*part)
	}
	p := r.begun
	if !p.open {
		n := copy(p.head[p.have:], b)
		h, ok, err := r.head(p.head[:p.have+n])
		if err != nil || !ok {
			p.have += n
			return Message{}, b[n:], err
		}
		b = b[h.length-p.have:]
		p.frame, p.open, p.have = h, true, 0
	}
	n := int(min(p.frame.size, uint64(len(b))))
	p.take(b[:n])
	if p.frame.size == 0 {
		m, err = r.end(p)
	}
	return m, b[n:], err
}

// end ends the frame that p is in: what it completes is given out.
func (r *Reader) end(p *part) (m Message, err error) {
	p.open = false
	switch h := p.frame; {
	case h.control():
		m = Message{h.opcode, p.control[:p.said]}
		if p.said = 0; p.kind == 0 {
			r.give()
		}
	case h.fin:
		m = Message{p.kind, p.message.Join()}
		r.give()
	}
	return m, check(m)
}

// give keeps what has begun, and is complete, until Rest.
func (r *Reader) give() {
	r.begun.next = r.given
	r.given, r.begun = r.begun, nil
}

// head reads the head of the frame that b begins with, in the place where the Reader is. It is not ok
// while bytes of it are missing; what is wrong is said as soon as it is there.
func (r *Reader) head(b []byte) (h head, ok bool, err error) {
	var inside bool
	var before int
	if r.begun != nil {
		inside, before = r.begun.kind != 0, r.begun.message.Len()
	}
	if h, ok, err = parse(b, inside); err != nil || !ok || h.control() {
		return h, ok, err
	}
	limit := uint64(math.MaxInt)
	if r.limit > 0 {
		limit = uint64(r.limit)
	}
	if uint64(before)+h.size > limit {
		return h, false, connectors.ErrTooLarge
	}
	return h, true, nil
}

// part is a message, or a control frame, that is not complete, or was not at once.
type part struct {
	head    [maxHead]byte // what has come of a frame's, and
	have    int           // how much that is
	open    bool          // all of it: inside the frame
	frame   head          // of which size is still to come
	control [maxControl]byte
	said    int  // of control
	kind    byte // what the message is; 0 while there is none
	message pieces.Bytes
	next    *part
}

var parts = sync.Pool{New: func() any { return new(part) }}

// between tells whether the next byte is the first of a frame.
func (p *part) between() bool { return !p.open && p.have == 0 }

// take takes b, masked, of the frame's payload.
func (p *part) take(b []byte) {
	unmask(b, p.frame.key)
	p.frame.key = bits.RotateLeft32(p.frame.key, -8*(len(b)%4))
	p.frame.size -= uint64(len(b))
	if p.frame.control() {
		p.said += copy(p.control[p.said:], b)
		return
	}
	if p.frame.opcode != Continuation {
		p.kind = p.frame.opcode
	}
	p.message.Add(b)
}

func (p *part) giveBack() {
	p.message.Free()
	p.have, p.said, p.open, p.kind, p.next = 0, 0, false, 0, nil
	parts.Put(p)
}
