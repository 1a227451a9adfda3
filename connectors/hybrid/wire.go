package hybrid

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

const (
	// readSize is what one read may bring: with what else is in a buffer, 4 KiB.
	readSize = 4<<10 - 24
	// smallRead is what a connection holds to wait with where waiting without a
	// buffer is not possible.
	smallRead = 512
)

// wire is a net.Conn as both kinds of Conn use it: it holds no memory while it
// waits for bytes, gives a package that has begun a deadline, keeps a broken
// stream from being written on, and hangs up in good order. It is read through
// Read by gorilla/websocket, through fill by everybody else.
type wire struct {
	net.Conn
	raw   syscall.RawConn       // nil: read with a buffer of our own
	try   func(fd uintptr) bool // attempt, bound once
	small []byte                // that buffer

	// Owned by the reader, who holds in.
	in    sync.Mutex
	buf   *buffer // nil while nothing is there
	rest  []byte  // what is unread of buf
	err   error   // final, as ReadFrames tells it
	begun bool    // bytes of a package are there, and more of it must come
	due   bool    // there is a deadline for it
	slack time.Duration

	// Owned by the writer, who holds out.
	out   sync.Mutex
	cut   bool   // a write failed in the middle: nothing may follow
	stuck bool   // the last write failed because the wire had no room
	left  []byte // what a prompt write has left for the next
	taken atomic.Uint64

	// Shared by reader, writer and Close; not theirs, since Close must not wait.
	mu      sync.Mutex
	closed  bool
	ended   bool // the client ended its side, or the connection broke
	writeBy time.Time
	stalled time.Time // since when a write waits
}

// init makes a wire of c. slack is how long a package may take.
func (w *wire) init(c net.Conn, slack time.Duration) {
	w.Conn, w.slack = c, slack
	if w.raw = rawConn(c); w.raw != nil {
		w.try = w.attempt
	} else {
		w.small = make([]byte, smallRead)
	}
}

// Read gives what is there, or waits.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.rest) == 0 {
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// fill waits for bytes and reads once: what came is rest. Bytes from before are
// given up.
func (w *wire) fill() error {
	if w.err != nil {
		return w.err
	}
	w.release()
	if w.begun && !w.due && w.slack > 0 {
		w.due = w.readBy(time.Now().Add(w.slack))
	}
	n, err := w.receive()
	if n > 0 {
		return nil // an error comes again
	}
	return w.fail(err)
}

func (w *wire) receive() (int, error) {
	if w.raw != nil {
		if err := w.raw.Read(w.try); err != nil {
			return 0, err
		}
		return len(w.rest), w.err
	}
	n, err := 0, error(nil)
	for n == 0 && err == nil {
		n, err = w.Conn.Read(w.small)
	}
	if n > 0 {
		w.buf = buffers.Get().(*buffer)
		w.rest = w.buf.data[:copy(w.buf.data[:], w.small[:n])]
	}
	return n, err
}

// release gives the buffer back. What was read is gone.
func (w *wire) release() {
	if w.buf != nil {
		w.buf.giveBack()
		w.buf = nil
	}
	w.rest = nil
}

// settle takes the deadline of a package back.
func (w *wire) settle() {
	if w.due {
		w.readBy(time.Time{})
		w.due = false
	}
}

// readBy sets the read deadline, unless Close has had its own set.
func (w *wire) readBy(t time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.closed && w.Conn.SetReadDeadline(t) == nil
}

// fail makes err the reader's last word.
func (w *wire) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		err = net.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = connectors.ErrStalled
	default:
		w.ended = true
		if errors.Is(err, io.EOF) {
			err = io.EOF
		}
	}
	w.err = err
	return err
}
