package udp

import (
	"bytes"
	"errors"
	"net"
	"sync"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// errUnproven ends a client that cannot be answered: its address is not proven, and what it is to
// be told is too long for that (P19.3).
var errUnproven = errors.New("udp: too much for an address that is not proven")

// load is packages on their way into datagrams.
type load struct {
	payload int // of a datagram
	buf     []byte
	start   int // in buf, of the datagram under way
	pieces  [][]byte
	kick    bool // one of them is
	answer  bool // one of them is a handshake
	lost    int  // for which no datagram is long enough
}

var loads = sync.Pool{New: func() any { return new(load) }}

const loadKeep = 16 << 10

// add puts packages into datagrams. None is split (P19.8).
func (o *load) add(packages []byte) error {
	for b := packages; len(b) > 0; {
		p, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			return err
		}
		o.put(b[:len(b)-len(rest)], p.Type)
		b = rest
	}
	return nil
}

func (o *load) put(p []byte, typ byte) {
	if len(p) > MaxDatagram {
		o.lost++
		return
	}
	o.kick = o.kick || typ == pomelo.TypeKick
	o.answer = o.answer || typ == pomelo.TypeHandshake
	if n := len(o.buf) - o.start; n > 0 && n+len(p) > o.payload {
		o.cut()
	}
	o.buf = append(o.buf, p...)
}

// cut ends the datagram under way. It keeps its place in memory when buf moves on to another.
func (o *load) cut() {
	if o.start < len(o.buf) {
		o.pieces = append(o.pieces, o.buf[o.start:len(o.buf):len(o.buf)])
		o.start = len(o.buf)
	}
}

func (o *load) size() (n int) {
	for _, p := range o.pieces {
		n += len(p)
	}
	return n
}

func (o *load) free() {
	if cap(o.buf) > loadKeep {
		o.buf = nil
	}
	clear(o.pieces)
	*o = load{buf: o.buf[:0], pieces: o.pieces[:0]}
	loads.Put(o)
}

// Write sends packages in as few datagrams as take them. It does not wait for the client, who may
// never get them.
func (c *conn) Write(packages net.Buffers) error {
	o := loads.Get().(*load)
	defer o.free()
	o.payload = c.l.payload
	for _, b := range packages {
		if err := o.add(b); err != nil {
			return err
		}
	}
	o.cut()
	if o.lost > 0 {
		c.l.owner.counts.lost.Add(uint64(o.lost))
	}
	if err := c.note(o); err != nil {
		return err
	}
	return c.l.send(c.peer, o.pieces)
}

// TryWrite writes as Write does: it does not wait either.
func (c *conn) TryWrite(packages net.Buffers) (taken, rest bool) {
	return c.Write(packages) == nil, false
}

// note remembers what is about to be said, and whether it may be.
func (c *conn) note(o *load) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return net.ErrClosed
	case !c.acked:
		return c.noteAnswer(o)
	}
	c.kicked = c.kicked || o.kick
	return nil
}

// noteAnswer is called with mu held: only the answer to a handshake comes before the ack.
func (c *conn) noteAnswer(o *load) error {
	if c.half != nil && !c.l.spend(c.half, o.size()) {
		if !c.refused && c.l.spend(c.half, len(refusal)) {
			c.refused = true
			c.l.forget(c)
			c.l.say(c.peer, refusal)
		}
		return errUnproven
	}
	switch {
	case !o.answer:
	case bytes.HasPrefix(o.pieces[0][pomelo.HeaderLen:], accepted):
		c.answer = append([]byte(nil), o.pieces[0]...)
	default:
		c.l.forget(c)
	}
	return nil
}

// accepted is how an answer begins that lets the client in; others refuse it.
var accepted = []byte(`{"code":200`)
