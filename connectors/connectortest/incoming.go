package connectortest

import (
	"bytes"
	"errors"
	"runtime"
	"strings"

	"github.com/fairlead-go/fairlead/connectors"
)

// incoming are the promises of what clients send.
var incoming = []promise{
	{
		name: "frames are whole wherever the stream is cut", check: everyCut, needs: streams,
		text: "ReadFrames returns whole frames, however the stream comes: cut at any byte, byte by byte, all at once.",
	},
	{
		name: "a handshake may come in pieces", check: handshakeInPieces, needs: streams,
		text: "A client comes in whose handshake comes byte by byte.",
	},
	{
		name: "frames come in order", check: framesInOrder, needs: order,
		text: "ReadFrames returns all that the client has sent, once and in order, small frames and large ones.",
	},
	{
		name: "frames stay until the next read", check: framesStay,
		text: "What ReadFrames has returned does not change until the next call, and what Take was given not until it returns, whatever the client sends meanwhile.",
	},
	{
		name: "a frame over the limit is refused", check: tooLarge, needs: limits,
		text: "A frame within SetReadLimit comes; one over it ends reading with ErrTooLarge as soon as its size is announced, and other clients are not affected.",
	},
	{
		name: "memory follows bytes and not promises", check: announced, needs: both(streams, limits),
		text: "A frame that announces a large size takes memory as its bytes come, not before.",
	},
	{
		name: "malformed bytes hurt only their client", check: malformed,
		text: "Garbage, before the handshake or after it, ends its client at most; nothing panics and others are served.",
	},
}

func everyCut(r *rig) {
	r.start()
	f, n := r.client()
	conversation := func(from int) []byte {
		return f.stream(
			f.client.Request(uint64(from), echoRoute, body(from, 0)),
			f.client.Notify(echoRoute, body(from+1, 3)),
			f.client.Request(uint64(from+2), echoRoute, body(from+2, 1)),
		)
	}
	number := 1
	for cut := 0; cut < len(conversation(number)); cut++ {
		b := conversation(number)
		f.sendRaw(b[:cut])
		apart()
		f.sendRaw(b[cut:])
		n.wantRequests(number, number+3)
		number += 3
	}
	f.wire.pieces = 1
	f.sendRaw(conversation(number))
	n.wantRequests(number, number+3)
}

func handshakeInPieces(r *rig) {
	r.start()
	f := r.dial()
	f.wire.pieces = 1
	r.admit(f)
}

func framesInOrder(r *rig) {
	r.start()
	f, n := r.client()
	const count = 600
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		var batch [][]byte
		for number := 1; number <= count; number++ {
			pad := number % 90
			if number%100 == 0 {
				pad = r.large()
			}
			if batch = append(batch, f.client.Notify(echoRoute, body(number, pad))); len(batch) == 30 {
				f.trySend(batch...)
				batch = nil
			}
		}
	}()
	n.wantRequests(1, count+1)
	<-sent
	pass()
	if len(n.requests) > 0 {
		r.broken("Conn", "%d messages came that nobody has sent", len(n.requests))
	}
}

// large is how large a body may be on any wire of the kind.
func (r *rig) large() int {
	size := 20 << 10
	if r.Datagrams {
		size = 900
	}
	if r.Limit > 0 {
		size = min(size, r.Limit/2)
	}
	return size
}

// framesStay has more sent while frames are looked at.
func framesStay(r *rig) {
	r.start()
	armed := make(chan *far, 1)
	looked := make(chan bool, 1) // whether frames have changed
	f, _ := r.client(func(n *near) {
		n.inspect = func(frames []connectors.Frame, _ error) {
			if len(armed) == 0 || len(frames) == 0 {
				return
			}
			f, before := <-armed, join(frames)
			go func() { // which waits where a Take holds its client
				for number := range 20 {
					f.trySend(f.client.Notify(echoRoute, body(number+2, 40)))
				}
			}()
			pass()
			looked <- !bytes.Equal(before, join(frames))
		}
	})
	armed <- f
	f.send(f.client.Notify(echoRoute, body(1, 40)))
	switch changed, ok := next(r.Patience, looked); {
	case !ok:
		r.broken("Conn", "a client's message did not come within %v", r.Patience)
	case changed:
		r.broken("Conn", "frames changed before the next ReadFrames, when the client had sent more")
	}
}

// join is all that frames hold.
func join(frames []connectors.Frame) (b []byte) {
	for _, f := range frames {
		b = append(b, f.Data...)
	}
	return b
}

func tooLarge(r *rig) {
	r.start()
	f, n := r.client()
	other, otherNear := r.client()
	limit := r.Limit
	if limit == 0 {
		limit = 1000
		n.conn.SetReadLimit(limit)
	}
	f.send(f.client.Notify(echoRoute, body(1, limit/2)))
	n.wantRequest(1)
	over := f.client.Notify(echoRoute, body(2, 2*limit))
	if r.Datagrams {
		f.trySend(over)
	} else {
		f.sendRaw(f.stream(over)[:headOf(limit)])
	}
	switch err, ok := next(r.Patience, n.ended); {
	case !ok:
		r.broken("Conn", "ReadFrames did not fail within %v on a frame whose announced size is over the limit of %d bytes: Harness.Limit is negative for wires that announce none", r.Patience, limit)
	case !errors.Is(err, connectors.ErrTooLarge):
		r.broken("Conn", "ReadFrames failed with %v on a frame over the limit, want connectors.ErrTooLarge", err)
	}
	r.exchange(other, otherNear)
}

// headOf is how many bytes of a message of twice the limit are sent: enough to hold what announces its
// size.
func headOf(limit int) int { return min(64, limit) }

func announced(r *rig) {
	r.start()
	size := 8 << 20
	if r.Limit > 0 {
		size = r.Limit * 9 / 10
	}
	f, n := r.client()
	n.conn.SetReadLimit(12 << 20)
	head := f.stream(f.client.Notify(echoRoute, body(1, size)))[:64]
	before := allocated()
	f.sendRaw(head)
	pass()
	if grown := allocated() - before; grown > uint64(size/2) {
		r.broken("Conn", "%d KiB were allocated when a client had announced a frame of %d KiB and sent %d bytes of it", grown>>10, size>>10, len(head))
	}
}

// allocated is how many bytes have been allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// What no client says.
var (
	zeros = strings.Repeat("\x00", 64)
	ones  = strings.Repeat("\xff", 64)
	text  = strings.Repeat("what is this? ", 8) + "\r\n\r\n"
)

func malformed(r *rig) {
	r.start()
	good, near := r.client()
	var bad []*far
	for _, garbage := range r.Garbage {
		f, _ := r.client()
		f.trySend([]byte(garbage))
		bad = append(bad, f)
	}
	go func() { // those that do not shake hands may be met or not
		for c := range r.conns {
			if c == nil {
				return
			}
			r.meet(c).start()
		}
	}()
	for _, garbage := range r.Garbage {
		f := r.dial()
		_ = f.wire.put([]byte(garbage))
		bad = append(bad, f)
	}
	pass()
	r.exchange(good, near)
	for _, f := range bad {
		f.hangUp()
	}
	pass()
	r.conns <- nil
	r.exchange(good, near)
}
