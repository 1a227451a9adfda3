package udp

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Conn      = (*conn)(nil)
	_ connectors.Deliverer = (*conn)(nil)
	_ connectors.Prompt    = (*conn)(nil)
)

// conn is one client: a peer of the listener's socket.
type conn struct {
	l     *listener
	peer  netip.AddrPort
	place admit.Place
	half  *half // nil when a cookie has proven the address
	limit atomic.Int64

	behind *conn     // in the crew's queue
	beat   time.Time // of the last heartbeat; the reader's

	mu      sync.Mutex // the reader, the crew, the writer and whoever closes meet here
	to      connectors.Sink
	inbox   *inbox // nil when nothing waits
	taken   bool   // somebody of the crew brings, or will
	greeted bool   // the handshake has come; those that come meanwhile are the same, said again
	acked   bool   // it is done
	answer  []byte // of the handshake, until the ack: it may be asked for again
	again   int    // how often it was
	kicked  bool   // the client has been told why it must go
	closed  bool
	deaf    bool // the sink wants no more
	refused bool // it has been told that what it is to be told is too long
}

// hearAll takes datagrams that came in a row, to be brought together: what a client asks at once is answered
// at once. It is the reader's to call.
func (c *conn) hearAll(run []datagram, now time.Time) {
	for i := range run {
		c.hear(run[i].data, now)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hurry()
}

// hear takes a datagram, and leaves it to the caller to have it brought.
func (c *conn) hear(b []byte, now time.Time) {
	n := packages(b)
	if n == 0 || b[0] == pomelo.TypeHeartbeat && !c.beats(now) {
		c.l.owner.counts.dropped.Add(1)
		return
	}
	c.mu.Lock()
	ok, again, proven := c.shakes(b[0], n)
	if ok {
		c.queue(b)
	}
	c.mu.Unlock()
	switch {
	case again != nil:
		c.repeat(again)
	case proven:
		c.l.prove(c.half)
	case !ok:
		c.l.owner.counts.dropped.Add(1)
	}
}

// beatGap is how long heartbeats are not answered after one that is. Servers answer each one: two that
// took each other for a client would go on for ever, as fast as they can.
const beatGap = 200 * time.Millisecond

func (c *conn) beats(now time.Time) bool {
	if now.Sub(c.beat) < beatGap {
		return false
	}
	c.beat = now
	return true
}

// shakes is called with mu held. It tells whether the client's protocol is to see a datagram: before
// the ack only what moves the handshake on, once. It tells as well what to say again to a client that
// asks again for its answer, and whether what it says proves its address (P19.3, P19.6).
func (c *conn) shakes(typ byte, n int) (ok bool, again []byte, proven bool) {
	switch {
	case c.acked:
		return true, nil, false
	case n > 1:
	case typ == pomelo.TypeKick:
		return true, nil, false
	case typ == pomelo.TypeHandshake && !c.greeted:
		c.greeted = true
		return true, nil, false
	case c.answer == nil:
	case typ == pomelo.TypeHandshake && c.again < maxAgain:
		c.again++
		return false, c.answer, false
	case typ == pomelo.TypeAck:
		c.answer, c.acked = nil, true
		return true, nil, c.half != nil
	}
	return false, nil, false
}

// maxAgain is how often an answer is given again: it may be longer than the question.
const maxAgain = 8

func (c *conn) repeat(answer []byte) {
	if c.half == nil || c.l.spend(c.half, len(answer)) {
		c.l.say(c.peer, answer)
	}
}

// queue is called with mu held.
func (c *conn) queue(b []byte) {
	if c.closed || c.deaf {
		return
	}
	if c.inbox == nil {
		c.inbox = inboxes.Get().(*inbox)
	}
	if !c.l.waiting.room(len(c.inbox.bytes), len(b)) || !c.inbox.add(b) {
		c.l.owner.counts.dropped.Add(1)
	} else {
		c.l.waiting.add(len(b))
	}
}

// hurry is called with mu held.
func (c *conn) hurry() {
	if c.to != nil && c.inbox != nil && !c.taken {
		c.taken = true
		c.l.crew.schedule(c)
	}
}

// Deliver has all that the client sends brought to a sink, what waits already first.
func (c *conn) Deliver(to connectors.Sink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = to
	c.hurry()
}

// bring runs in the crew, and brings what waits. What comes meanwhile is brought when others, and what is left in turn, have
// had theirs.
func (c *conn) bring(turn *connectors.Turn) {
	in := c.next()
	if in == nil { // the client is closed
		return
	}
	more := in.each(func(frames []connectors.Frame) bool { return c.take(turn, frames) })
	c.l.waiting.add(-len(in.bytes))
	in.free()
	if more {
		c.rest()
	} else {
		c.ignore()
	}
}

// rest lets go of the client, until more comes.
func (c *conn) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = false
	c.hurry()
}

// ignore drops what still comes of a client that the sink wants no more of.
func (c *conn) ignore() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deaf = true
	c.empty()
}

// empty is called with mu held. It drops what waits.
func (c *conn) empty() {
	if c.inbox != nil {
		c.l.waiting.add(-len(c.inbox.bytes))
		c.inbox = nil
	}
}

func (c *conn) next() *inbox {
	c.mu.Lock()
	defer c.mu.Unlock()
	in := c.inbox
	if c.inbox = nil; in == nil { // as it is once the client is closed
		c.taken = false
	}
	return in
}

// take brings frames, and the end with one that is too long, or a kick, by which clients leave
// (P19.9). The limit is asked at the last moment: what an ack allows holds for what comes behind it.
func (c *conn) take(turn *connectors.Turn, frames []connectors.Frame) (more bool) {
	most := int(c.limit.Load())
	for i, f := range frames {
		switch {
		case most > 0 && len(f.Data) > most:
			return turn.Take(c.to, frames[:i], connectors.ErrTooLarge)
		case f.Data[0] == pomelo.TypeKick:
			return turn.Take(c.to, frames[:i], io.EOF)
		}
	}
	return turn.Take(c.to, frames, nil)
}

// ReadFrames is not called: see Deliver.
func (c *conn) ReadFrames() ([]connectors.Frame, error) { return nil, net.ErrClosed }

// SetReadLimit ends the client when a datagram of more than n bytes comes.
func (c *conn) SetReadLimit(n int) { c.limit.Store(int64(n)) }

// Close forgets the client. One that has come in is told why, unless it has been, or has given the
// reason itself (P19.9).
func (c *conn) Close(r connectors.Reason) {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	tell := c.acked && !c.kicked && ours(r.Cause)
	c.empty()
	c.mu.Unlock()
	if !first {
		return
	}
	if tell {
		c.farewell(r)
	}
	c.l.leave(c)
}

// ours tells whether an end is the server's doing. Of others the client knows, or it may not have
// been the client at all that caused it.
func ours(cause messages.Cause) bool {
	switch cause {
	case messages.CauseClient, messages.CauseMalformed, messages.CauseTooLarge, messages.CauseRefused, messages.CauseNetwork:
		return false
	}
	return true
}

func (c *conn) farewell(r connectors.Reason) {
	b, err := pomelo.Codec{}.AppendKick(nil, &messages.Kick{
		Reason:       r.Cause.Word(),
		RetryAfterMs: uint32(r.RetryAfter.Milliseconds()),
		SpreadMs:     uint32(r.Spread.Milliseconds()),
	})
	if err == nil {
		c.l.send(c.peer, [][]byte{b})
	}
}

// Transport is "udp".
func (c *conn) Transport() string    { return "udp" }
func (c *conn) LocalAddr() net.Addr  { return c.l.Addr() }
func (c *conn) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(c.peer) }
