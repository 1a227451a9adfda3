package pomelo

import (
	"errors"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pieces"
)

// Stream cuts packages out of a stream of bytes, however it is segmented (P2.2).
// The zero Stream is ready and has no limit but the wire's own. What it holds
// follows the bytes received, never the length announced (F 20), and is nothing
// while no package is incomplete. Its methods are called one at a time.
type Stream struct {
	pending *pieces.Bytes // the beginning of a package, or nil
	given   *pieces.Bytes // what a frame given out lies in, or nil
	limit   int
}

// gathered are those that no Stream uses.
var gathered = sync.Pool{New: func() any { return new(pieces.Bytes) }}

// SetLimit sets the largest body accepted from now on, that of a package already
// begun included; n ≤ 0 leaves the wire's own limit, MaxBody. The limit of a wire
// that counts whole frames is HeaderLen more.
func (s *Stream) SetLimit(n int) { s.limit = n }

// Pending tells whether a package has begun and is not complete.
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

// Feed appends to dst each package that b completes, header included. The frames
// alias b or memory of the Stream, and are valid until the next call.
// An error comes behind the packages before it; the stream is lost then.
//
// An ack raises the limit only once its frame has been dealt with, so it does not
// bind what comes behind one in b (P3.5): a whole package is given out, for the
// Protocol to measure, the beginning of one is measured by the next Feed. An
// empty b is enough for that.
func (s *Stream) Feed(b []byte, dst []connectors.Frame) ([]connectors.Frame, error) {
	s.Rest()
	first, b, err := s.complete(b)
	if err != nil {
		return dst, err
	}
	acked := false
	if first != nil {
		dst = append(dst, connectors.Frame{Data: first})
		acked = first[0] == TypeAck
	}
	for len(b) >= HeaderLen {
		n, err := s.measure(b)
		if err != nil && !(acked && errors.Is(err, ErrTooLarge)) {
			return dst, err
		}
		if n > len(b) {
			break
		}
		dst = append(dst, connectors.Frame{Data: b[:n:n]})
		acked = acked || b[0] == TypeAck
		b = b[n:]
	}
	if len(b) > 0 && s.pending == nil {
		s.pending = gathered.Get().(*pieces.Bytes)
	}
	if len(b) > 0 {
		s.pending.Add(b)
	}
	return dst, nil
}

// complete moves bytes of b to the pending package, if there is one, and returns
// it when it is whole, with what follows it.
func (s *Stream) complete(b []byte) (whole, rest []byte, err error) {
	if s.pending == nil {
		return nil, b, nil
	}
	b = s.move(b, HeaderLen)
	if s.pending.Len() < HeaderLen {
		return nil, b, nil
	}
	n, err := s.measure(s.pending.Head())
	if err != nil {
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

// measure reads the header at the head of b: how long the package is in all, and
// whether it may come.
func (s *Stream) measure(b []byte) (int, error) {
	if !known(b[0]) {
		return 0, ErrType
	}
	n := announced(b)
	if s.limit > 0 && n > s.limit {
		return HeaderLen + n, ErrTooLarge
	}
	return HeaderLen + n, nil
}
