package stream

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// next is ReadFrames.
func (r *reading) next(c Cutter) ([]connectors.Frame, error) {
	defer r.settle()
	c.Rest()
	if r.err == nil && (len(r.rest) > 0 || c.Pending()) {
		if frames, err := r.frames(c); len(frames) > 0 || err != nil {
			return frames, err
		}
	}
	for {
		if r.begun = c.Pending(); !r.begun {
			r.settle()
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
		if frames, err := r.frames(c); len(frames) > 0 || err != nil {
			return frames, err
		}
	}
}

// frames cuts what is there.
func (r *reading) frames(c Cutter) (frames []connectors.Frame, err error) {
	if r.buf != nil {
		clear(r.buf.frames)
		frames = r.buf.frames[:0]
	}
	frames, r.rest, err = c.Cut(r.rest, frames)
	if r.buf != nil {
		r.buf.frames = frames
	}
	if err != nil {
		r.err = err // final: the stream is lost
		if len(frames) == 0 {
			r.release()
		}
	}
	return frames, err
}

// fill waits for bytes and reads once: what came is rest. Bytes from before are
// given up.
func (r *reading) fill() error {
	if r.err != nil {
		return r.err
	}
	r.release()
	if w := r.of; r.begun && !r.due && w.slack > 0 {
		r.due = w.readBy(time.Now().Add(w.slack))
	}
	n, err := r.receive()
	if n > 0 {
		return nil // an error comes again
	}
	r.err = r.of.fail(err)
	return r.err
}

func (r *reading) receive() (int, error) {
	w := r.of
	if w.raw != nil {
		if err := w.raw.Read(r.try); err != nil {
			return 0, err
		}
		return len(r.rest), r.err
	}
	n, err := 0, error(nil)
	for n == 0 && err == nil {
		n, err = w.conn.Read(r.small[:])
	}
	if n > 0 {
		r.buf = buffers.Get().(*buffer)
		r.rest = r.buf.data[:copy(r.buf.data[:], r.small[:n])]
	}
	return n, err
}

// release gives the buffer back. What was read is gone.
func (r *reading) release() {
	if r.buf != nil {
		r.buf.giveBack()
		r.buf = nil
	}
	r.rest = nil
}

// settle takes the deadline of a frame back.
func (r *reading) settle() {
	if r.due {
		r.of.readBy(time.Time{})
		r.due = false
	}
}

// readBy sets the read deadline, unless Close has had its own set.
func (w *Wire) readBy(t time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.closed && w.conn.SetReadDeadline(t) == nil
}

// fail is err as the reader's last word.
func (w *Wire) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return net.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return connectors.ErrStalled
	}
	w.ended = true
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return err
}
