package memory

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// way is one direction of a pipe. The pipe's lock guards it.
type way struct {
	changed sync.Cond // anything below did
	bytes   ring
	taken   uint64    // bytes so far
	stalled time.Time // since when a Write waits, zero for none
	readBy  time.Time // deadline of the end that reads, zero for none
	writeBy time.Time // and of the end that writes
	bring   func()    // brings the bytes to a sink; nil: they are read
	writing bool      // a Write is under way: others wait for it
	brings  bool      // bring runs, or there is nobody to bring them to any more
	ended   bool      // the writing end has closed: io.EOF follows the bytes
	deaf    bool      // the reading end has closed: bytes go nowhere
}

// waitReadable returns when there are bytes, or at once if none are needed.
func (w *way) waitReadable(none bool) error {
	for {
		switch {
		case w.deaf:
			return net.ErrClosed
		case past(w.readBy):
			return os.ErrDeadlineExceeded
		case w.bytes.size > 0 || none:
			return nil
		case w.ended:
			return io.EOF
		}
		w.wait(w.readBy)
	}
}

// begin waits for the turn to write.
func (w *way) begin() error {
	for {
		if err := w.writeErr(); err != nil {
			return err
		}
		if !w.writing {
			w.writing = true
			return nil
		}
		w.wait(w.writeBy)
	}
}

func (w *way) done() {
	w.writing, w.stalled = false, time.Time{}
	w.changed.Broadcast()
}

// waitWritable returns when fewer than limit bytes wait.
func (w *way) waitWritable(limit int) error {
	for {
		if err := w.writeErr(); err != nil {
			return err
		}
		if w.bytes.size < limit {
			return nil
		}
		if w.stalled.IsZero() {
			w.stalled = time.Now()
		}
		w.wait(w.writeBy)
	}
}

func (w *way) writeErr() error {
	switch {
	case w.ended:
		return net.ErrClosed
	case w.deaf:
		return io.ErrClosedPipe
	case past(w.writeBy):
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (w *way) end() {
	w.ended = true
	w.stir()
}

// stir is called when there is something to take. A goroutine that brings it lives until it has.
func (w *way) stir() {
	w.changed.Broadcast()
	if w.bring != nil && !w.brings {
		w.brings = true
		go w.bring()
	}
}

func (w *way) readUntil(t time.Time) {
	w.readBy = t
	w.changed.Broadcast()
}

func (w *way) writeUntil(t time.Time) {
	w.writeBy = t
	w.changed.Broadcast()
}

// wait returns when the way has changed or the deadline has come; which, the
// caller finds out. A timer exists only while somebody waits for it.
func (w *way) wait(deadline time.Time) {
	if !deadline.IsZero() {
		t := time.AfterFunc(time.Until(deadline), w.wake)
		defer t.Stop()
	}
	w.changed.Wait()
}

func (w *way) wake() {
	w.changed.L.Lock()
	defer w.changed.L.Unlock()
	w.changed.Broadcast()
}

func past(deadline time.Time) bool {
	return !deadline.IsZero() && time.Until(deadline) <= 0
}
