package custom

import (
	"bytes"
	"fmt"
	"math"

	"github.com/fairlead-go/fairlead/connectors"
)

// ErrCut says that what Cut makes of a stream cannot be: a frame of a negative size.
var ErrCut = fmt.Errorf("custom: frame of an impossible size: %w", connectors.ErrMalformed)

// Cut tells how many bytes the frame at the head of b has in all, its own head included: more than b has when
// some are still to come, and 0 while b is too short to tell. B is never empty, and grows with what comes
// until Cut can tell: what it may grow to is bounded by the limit of frames. An error is final: the stream
// makes no sense. Each client's reader calls it, many at once.
type Cut func(b []byte) (size int, err error)

// Lines cuts behind each newline, which is part of the frame.
func Lines(b []byte) (size int, err error) { return bytes.IndexByte(b, '\n') + 1, nil }

// Prefixed cuts frames that begin with the size of what follows, in width bytes (1 to 4) and network byte
// order. The prefix is part of the frame. A frame of 2 GiB is too large whatever the limit is.
func Prefixed(width int) Cut {
	if width < 1 || width > 4 {
		panic(fmt.Sprintf("custom: Prefixed(%d): 1 to 4 bytes", width))
	}
	return func(b []byte) (size int, err error) {
		if len(b) < width {
			return 0, nil
		}
		n := uint64(width)
		for i, c := range b[:width] {
			n += uint64(c) << (8 * (width - 1 - i))
		}
		if n > math.MaxInt32 {
			return 0, connectors.ErrTooLarge
		}
		return int(n), nil
	}
}

// cutter cuts frames out of what is read. What it holds follows the bytes received, never the size announced.
// The reader owns it.
type cutter struct {
	cut     Cut
	limit   func() int // bytes a frame may have
	pending []byte     // the beginning of a frame
	size    int        // what it will have in all, 0 while that is unknown
}

// Pending implements stream.Cutter.
func (c *cutter) Pending() bool { return len(c.pending) > 0 }

// Rest implements stream.Cutter. Nothing is held but what is pending.
func (c *cutter) Rest() {}

// Cut implements stream.Cutter.
func (c *cutter) Cut(b []byte, dst []connectors.Frame) (frames []connectors.Frame, rest []byte, err error) {
	if c.Pending() {
		whole, left, err := c.complete(b)
		if err != nil || whole == nil {
			return dst, nil, err
		}
		dst, b = append(dst, connectors.Frame{Data: whole}), left
	}
	for len(b) > 0 {
		n, err := c.measure(b)
		if err != nil {
			return dst, nil, err
		}
		if n == 0 || n > len(b) {
			c.pending, c.size = append(c.pending, b...), n
			break
		}
		dst = append(dst, connectors.Frame{Data: b[:n:n]})
		b = b[n:]
	}
	return dst, nil, nil
}

// complete moves bytes of b to the pending frame, and returns it when it is whole, with what follows it.
func (c *cutter) complete(b []byte) (whole, rest []byte, err error) {
	had := len(c.pending)
	if c.size > 0 {
		if c.size > c.limit() { // which may be another one by now
			return nil, nil, connectors.ErrTooLarge
		}
		b, rest = split(b, c.size-had)
	}
	c.pending = append(c.pending, b...)
	if c.size == 0 {
		if c.size, err = c.measure(c.pending); err != nil {
			return nil, nil, err
		}
	}
	n := c.size
	if n == 0 || n > len(c.pending) {
		return nil, nil, nil
	}
	whole = c.pending[:n:n]
	if n < len(c.pending) { // it ended within b
		rest = b[max(n-had, 0):]
	}
	c.pending, c.size = nil, 0
	return whole, rest, nil
}

// measure asks how long the frame at the head of b is, and whether it may come.
func (c *cutter) measure(b []byte) (int, error) {
	n, err := c.cut(b)
	switch limit := c.limit(); {
	case err != nil:
		return 0, malformed(err)
	case n < 0:
		return 0, ErrCut
	case n > limit, n == 0 && len(b) >= limit:
		return 0, connectors.ErrTooLarge
	}
	return n, nil
}

func split(b []byte, n int) (head, tail []byte) {
	n = min(n, len(b))
	return b[:n], b[n:]
}
