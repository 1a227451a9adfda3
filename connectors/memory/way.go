package memory

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// way is one direction of a pipe. The pipe's lock guards it. What only those need who wait is made
// for them: most ways are idle.
type way struct {
	bytes   ring
	taken   uint64     // bytes so far
	bring   func()     // brings the bytes to a sink; nil: they are read
	changed *sync.Cond // for those who wait for anything below; nil until somebody does
	times   *times     // nil while none is set
	writing bool       // a Write is under way: others wait for it
	brings  bool       // bring runs, or there is nobody to bring them to any more
	ended   bool       // the writing end has closed: io.EOF follows the bytes
	deaf    bool       // the reading end has closed: bytes go nowhere
}

// times are zero for none.
type times struct {
	stalled time.Time // since when a Write waits
	readBy  time.Time // deadline of the end that reads
	writeBy time.Time // and of the end that writes
}

// some is for looking.
func (w *way) some() times {
	if w.times == nil {
		return times{}
	}
	return *w.times
}

// time has f change a time.
func (w *way) time(f func(*times)) {
	t := w.some()
	if f(&t); t == (times{}) {
		w.times = nil
	} else {
		w.times = &t
	}
}

// waitReadable returns when there are bytes, or at once if none are needed.
func (w *way) waitReadable(mu *sync.Mutex, none bool) error {
	for {
		switch {
		case w.deaf:
			return net.ErrClosed
		case past(w.some().readBy):
			return os.ErrDeadlineExceeded
		case w.bytes.size > 0 || none:
			return nil
		case w.ended:
			return io.EOF
		}
		w.wait(mu, w.some().readBy)
	}
}

// begin waits for the turn to write.
func (w *way) begin(mu *sync.Mutex) error {
	for {
		if err := w.writeErr(); err != nil {
			return err
		}
		if !w.writing {
			w.writing = true
			return nil
		}
		w.wait(mu, w.some().writeBy)
	}
}

func (w *way) done() {
	w.writing = false
	w.moves()
	w.change()
}

// waitWritable returns when fewer than limit bytes wait.
func (w *way) waitWritable(mu *sync.Mutex, limit int) error {
	for {
		if err := w.writeErr(); err != nil {
			return err
		}
		if w.bytes.size < limit {
			return nil
		}
		if w.some().stalled.IsZero() {
			w.time(func(t *times) { t.stalled = time.Now() })
		}
		w.wait(mu, w.some().writeBy)
	}
}

func (w *way) writeErr() error {
	switch {
	case w.ended:
		return net.ErrClosed
	case w.deaf:
		return io.ErrClosedPipe
	case past(w.some().writeBy):
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
	w.change()
	if w.bring != nil && !w.brings {
		w.brings = true
		go w.bring()
	}
}

// change is called when something has.
func (w *way) change() {
	if w.changed != nil {
		w.changed.Broadcast()
	}
}

// moves notes that a Write does not wait.
func (w *way) moves() {
	if w.times != nil {
		w.time(func(t *times) { t.stalled = time.Time{} })
	}
}

func (w *way) readUntil(t time.Time) {
	w.time(func(all *times) { all.readBy = t })
	w.change()
}

func (w *way) writeUntil(t time.Time) {
	w.time(func(all *times) { all.writeBy = t })
	w.change()
}

// wait returns when the way has changed or the deadline has come; which, the
// caller finds out. A timer exists only while somebody waits for it.
func (w *way) wait(mu *sync.Mutex, deadline time.Time) {
	if !deadline.IsZero() {
		t := time.AfterFunc(time.Until(deadline), func() { w.wake(mu) })
		defer t.Stop()
	}
	if w.changed == nil {
		w.changed = sync.NewCond(mu)
	}
	w.changed.Wait()
}

func (w *way) wake(mu *sync.Mutex) {
	mu.Lock()
	defer mu.Unlock()
	w.change()
}

func past(deadline time.Time) bool {
	return !deadline.IsZero() && time.Until(deadline) <= 0
}
