package mqtt

import (
	"errors"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pieces"
)

// Stream cuts packets out of a stream of bytes, however it is segmented; messages of a WebSocket are
// segments too (P20.1). The zero Stream is ready and has no limit but the wire's own. What it holds
// follows the bytes received, never the length announced, and is nothing while no packet is
// incomplete. Its methods are called one at a time.
type Stream struct {
	pending *pieces.Bytes // the beginning of a packet, or nil
	given   *pieces.Bytes // what a frame given out lies in, or nil
	limit   int
}

// gathered are those that no Stream uses.
var gathered = sync.Pool{New: func() any { return new(pieces.Bytes) }}

// SetLimit sets the largest packet accepted from now on, in bytes with its header, that of a packet
// already begun included; n ≤ 0 leaves the wire's own limit.
func (s *Stream) SetLimit(n int) { s.limit = n }

// Pending tells whether a packet has begun and is not complete.
func (s *Stream) Pending() bool { return s.pending != nil }

// Rest gives up the frames of the last Feed. It need not be called: the next Feed does the
// same. A Stream that waits for long holds less then.
func (s *Stream) Rest() {
	if s.given != nil {
		s.given.Free()
		gathered.Put(s.given)
		s.given = nil
	}
}

// Feed appends to dst each packet that b completes, header included, for Cut to read. The frames
// alias b or memory of the Stream, and are valid until the next call. It fails with ErrType, ErrLength
// and ErrTooLarge. An error comes behind the packets before it; the stream is lost then.
//
// A CONNECT raises the limit only once its frame has been dealt with, so it does not bind what comes
// behind one in b: a whole packet is given out, for the conversation to measure, the beginning of one
// is measured by the next Feed. An empty b is enough for that.
func (s *Stream) Feed(b []byte, dst []connectors.Frame) ([]connectors.Frame, error) {
	s.Rest()
	first, b, err := s.complete(b)
	if err != nil {
		return dst, err
	}
	connected := false
	if first != nil {
		dst = append(dst, connectors.Frame{Data: first})
		connected = isConnect(first)
	}
	for len(b) > 0 {
		n, err := s.measure(b)
		if err != nil && !(connected && errors.Is(err, ErrTooLarge)) {
			return dst, err
		}
		if n == 0 || n > len(b) {
			break
		}
		dst = append(dst, connectors.Frame{Data: b[:n:n]})
		connected = connected || isConnect(b)
		b = b[n:]
	}
	s.keep(b)
	return dst, nil
}

// complete moves bytes of b to the pending packet, if there is one, and returns it when it is whole,
// with what follows it.
func (s *Stream) complete(b []byte) (whole, rest []byte, err error) {
	if s.pending == nil {
		return nil, b, nil
	}
	n, err := s.measure(s.pending.Head())
	for n == 0 && err == nil && len(b) > 0 {
		b = s.move(b, s.pending.Len()+1)
		n, err = s.measure(s.pending.Head())
	}
	if n == 0 || err != nil {
		return nil, b, err
	}
	b = s.move(b, n)
	if s.pending.Len() < n {
		return nil, b, nil
	}
	s.given, s.pending = s.pending, nil
	return s.given.Join(), b, nil
}

// move moves bytes from the head of b until n are pending, and returns the rest.
func (s *Stream) move(b []byte, n int) []byte {
	n = min(max(n-s.pending.Len(), 0), len(b))
	s.pending.Add(b[:n])
	return b[n:]
}

// keep makes what is left of b the beginning of the next packet.
func (s *Stream) keep(b []byte) {
	if len(b) == 0 {
		return
	}
	if s.pending == nil {
		s.pending = gathered.Get().(*pieces.Bytes)
	}
	s.pending.Add(b)
}

// measure reads the header at the head of b: how long the packet is in all, 0 when that is not yet
// known, and whether it may come.
func (s *Stream) measure(b []byte) (int, error) {
	h, n, err := DecodeHeader(b)
	if n == 0 {
		return 0, err
	}
	n += h.Length
	if s.limit > 0 && n > s.limit {
		return n, ErrTooLarge
	}
	return n, nil
}

func isConnect(frame []byte) bool { return Type(frame[0]>>4) == TypeConnect }
