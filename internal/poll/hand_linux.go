package poll

import (
	"io"
	"os"
	"syscall"
)

// duty is what a Hand does for its loop.
type duty struct {
	loop *loop
	wake chan struct{}    // to lead; closed when the loop ends
	read func(fd uintptr) // Hand.attempt, bound once
	n    int              // what came of it
	err  error
	keep func(f func()) // into due, bound once
	due  []func()
}

func newHand(l *loop) *Hand {
	h := &Hand{duty: &duty{loop: l, wake: make(chan struct{}, 1)}}
	h.read = h.attempt
	h.keep = func(f func()) { h.due = append(h.due, f) }
	h.Turn.Yield = h.yield
	return h
}

// work is a hand's life.
func (h *Hand) work() {
	for {
		for t, ok := h.loop.next(h); ok; t, ok = h.loop.next(h) {
			if t.do != nil {
				t.do()
				continue
			}
			h.bring(t)
			h.turn()
		}
		if !h.loop.rest(h) {
			return
		}
	}
}

// bring runs a Reader. One that ends its goroutine loses neither its place nor what it has left to be done.
func (h *Hand) bring(t task) {
	more, returned := true, false
	defer func() {
		h.loop.done(h, t, more)
		if !returned {
			h.Turn.Pass(h.keep)
			h.loop.leave(h, h.due)
		}
	}()
	more = t.reader.Ready(h, t.over)
	returned = true
}

// turn does what a client's turn has left to be done. If that is more than one thing, who leads after h, too, may do the others:
// none has to wait for one that takes long.
func (h *Hand) turn() {
	h.Turn.Pass(h.keep)
	if len(h.due) > 1 {
		h.loop.leave(h, h.due[1:])
	}
	if len(h.due) > 0 {
		f := h.due[0]
		clear(h.due)
		h.due = h.due[:0]
		f()
	}
}

// yield has another hand lead, which does what is in h's turn.
func (h *Hand) yield() {
	h.Turn.Pass(h.keep)
	h.loop.leave(h, h.due)
	clear(h.due)
	h.due = h.due[:0]
	h.loop.mu.Lock()
	defer h.loop.mu.Unlock()
	if h.loop.leader == h && !h.loop.closed {
		h.loop.handOver()
	}
}

// Read reads once, without waiting: nothing, without an error, when nothing is there. Full says that there may be more. What is
// returned is the Hand's, until it reads again.
func (h *Hand) Read(raw syscall.RawConn) (b []byte, full bool, err error) {
	h.n, h.err = 0, nil
	if err := raw.Control(h.read); err != nil { // its Read would prepare the runtime to wait
		return nil, false, err
	}
	return h.buf[:h.n], h.n == readSize, h.err
}

func (h *Hand) attempt(fd uintptr) {
	n, err := syscall.Read(int(fd), h.buf[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), h.buf[:])
	}
	switch {
	case err == syscall.EAGAIN:
	case err != nil:
		h.err = os.NewSyscallError("read", err)
	case n == 0:
		h.err = io.EOF
	default:
		h.n = n
	}
}
