package stream

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/poll"
)

// mostReads is how often a client is read before others have their turn.
const mostReads = 4

// Polls tells whether the Wire can Deliver without a goroutine of its own: it is a kernel's socket, on a system where
// that works.
func (w *Wire) Polls() bool { return poll.Supported && w.raw != nil }

// Deliver has what ReadFrames would return with c brought to a sink, by goroutines that are other clients' as well.
// It is for Wires that Polls: see connectors.Deliverer. ReadFrames may have been called before, and must not be any more.
func (w *Wire) Deliver(c Cutter, to connectors.Sink) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.delivery = &delivery{w: w, cutter: c, to: to}
	if !w.delivery.begin() {
		go w.delivery.read()
	}
}

// Tell tells the sink of a Wire that is delivered why it has been closed, where that is not its own protocol's doing. It does
// nothing where ReadFrames tells.
func (w *Wire) Tell(err error) {
	w.mu.Lock()
	d := w.delivery
	w.mu.Unlock()
	if d != nil {
		d.to.Take(nil, err)
	}
}

// delivery brings what comes over a Wire to a sink. What is not the Wire's mu's is the poll's, which makes one
// call at a time.
type delivery struct {
	w      *Wire
	cutter Cutter // nil: the last word has been spoken
	to     connectors.Sink
	place  poll.Place  // mu's
	slack  *time.Timer // of a frame that has begun, or nil; mu guards it against Close
}

var _ poll.Reader = (*delivery)(nil)

// begin is called with mu held. It returns false when something has come already, or the system has no
// room.
func (d *delivery) begin() bool {
	r := d.w.reading
	if r != nil && (r.err != nil || len(r.rest) > 0 || d.cutter.Pending()) {
		return false
	}
	if r != nil {
		r.release()
		d.cutter.Rest()
		d.w.reading = nil
	}
	place, err := poll.Add(d)
	d.place = place
	return err == nil
}

// read is for what came before, and for as long as the system has no room.
func (d *delivery) read() {
	for {
		frames, err := d.w.ReadFrames(d.cutter)
		if !d.to.Take(frames, err) || err != nil {
			return
		}
		d.w.mu.Lock()
		begun := d.w.closed || d.begin()
		d.w.mu.Unlock()
		if begun {
			return
		}
	}
}

// stop is called with mu held, when the Wire is closed.
func (d *delivery) stop() {
	d.place.Leave()
	if d.slack != nil {
		d.slack.Stop()
	}
}

// Socket implements poll.Reader.
func (d *delivery) Socket() syscall.RawConn { return d.w.raw }

// Ready implements poll.Reader. A read that does not fill the buffer has taken all there is.
func (d *delivery) Ready(h *poll.Hand, over bool) (more bool) {
	defer func() {
		if p := recover(); p != nil {
			more = false
			d.tell(h, nil, fmt.Errorf("panic while reading: %v", p))
		}
	}()
	for range mostReads {
		n, full := d.readOnce(h)
		if d.over() {
			return false
		}
		if n == 0 || !full && !over {
			d.rest()
			return false
		}
		if !full { // it is over: what it has asked at last is answered before its end is read
			return true
		}
	}
	return true
}

// readOnce brings what one read takes: n bytes.
func (d *delivery) readOnce(h *poll.Hand) (n int, full bool) {
	n, full, frames, rest, err := d.receive(h)
	for len(frames) > 0 || err != nil {
		more := d.tell(h, frames, err)
		clear(frames)
		if !more {
			break
		}
		if d.cutter.Rest(); len(rest) == 0 && !d.cutter.Pending() {
			break
		}
		frames, rest, err = d.cut(h, rest)
	}
	return n, full
}

// receive reads and cuts, unless Close has taken over.
func (d *delivery) receive(h *poll.Hand) (n int, full bool, frames []connectors.Frame, rest []byte, err error) {
	if !d.enter() {
		return 0, false, nil, nil, nil
	}
	defer d.w.in.Unlock()
	b, full, err := h.Read(d.w.raw)
	switch {
	case err != nil:
		if err = d.w.fail(err); errors.Is(err, net.ErrClosed) {
			d.end() // we have: nothing needs to be told
			err = nil
		}
		return 0, false, nil, nil, err
	case len(b) == 0:
		return 0, false, nil, nil, nil
	}
	d.cutter.Rest()
	frames, rest, err = d.cutNow(h, b)
	return len(b), full, frames, rest, err
}

// cut cuts what is left of a read.
func (d *delivery) cut(h *poll.Hand, b []byte) (frames []connectors.Frame, rest []byte, err error) {
	if !d.enter() {
		return nil, nil, nil
	}
	defer d.w.in.Unlock()
	return d.cutNow(h, b)
}

// cutNow is cut for who holds in.
func (d *delivery) cutNow(h *poll.Hand, b []byte) (frames []connectors.Frame, rest []byte, err error) {
	frames, rest, err = d.cutter.Cut(b, h.Frames[:0])
	h.Frames = frames[:0]
	return frames, rest, err
}

// enter takes in, unless it is Close's by now or nothing more is to be read.
func (d *delivery) enter() bool {
	if d.over() || !d.w.in.TryLock() {
		d.end()
		return false
	}
	return true
}

func (d *delivery) over() bool { return d.cutter == nil }
func (d *delivery) end()       { d.cutter = nil }

// tell has the sink take something. It is over after an error, or when the sink says so.
func (d *delivery) tell(h *poll.Hand, frames []connectors.Frame, err error) bool {
	if !d.settle() {
		return false
	}
	if more := h.Turn.Take(d.to, frames, err) && err == nil; more {
		return true
	}
	d.end()
	return false
}

// rest leaves the client alone, until something comes: a frame that has begun gets its time.
func (d *delivery) rest() {
	if !d.cutter.Pending() {
		d.settle()
		return
	}
	if d.slack != nil || d.w.slack <= 0 {
		return
	}
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !d.w.closed {
		d.slack = time.AfterFunc(d.w.slack, d.stalled)
	}
}

// settle takes the time of a frame back. Where it is up, stalled has the last word.
func (d *delivery) settle() bool {
	if d.slack == nil {
		return true
	}
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !d.slack.Stop() {
		d.end()
	}
	d.slack = nil
	return !d.over()
}

// stalled tells that a frame has not become whole in time.
func (d *delivery) stalled() { d.to.Take(nil, connectors.ErrStalled) }
