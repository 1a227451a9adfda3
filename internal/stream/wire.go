package stream

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

// Wire is a client's stream of bytes: TCP, TLS, a unix socket, or whatever a given net.Listener brings. It
// holds no memory while it waits for bytes, gives a frame that has begun a deadline, keeps a broken stream
// from being written on, and hangs up in good order. One goroutine reads it and one writes it.
type Wire struct {
	conn  net.Conn
	raw   syscall.RawConn       // nil: read with a buffer of our own
	try   func(fd uintptr) bool // attempt, bound when it is needed
	small *[smallRead]byte      // that buffer
	limit atomic.Int64
	slack time.Duration

	// Owned by the reader, who holds in.
	in    sync.Mutex
	buf   *buffer // nil while nothing is there
	rest  []byte  // what is unread of buf
	err   error   // final, as ReadFrames tells it
	begun bool    // bytes of a frame are there, and more of it must come
	due   bool    // there is a deadline for it

	// Owned by the writer, who holds out.
	cut   bool // a write failed in the middle: nothing may follow
	stuck bool // the last write failed because the wire had no room
	out   sync.Mutex
	left  *[]byte // a Scrap of what TryWrite has left for the next write, or nil
	taken atomic.Uint64

	// Shared by reader, writer and Close; not theirs, since Close must not wait.
	closed   bool
	ended    bool // the client ended its side, or the connection broke
	mu       sync.Mutex
	stalled  time.Time // since when a write waits
	delivery *delivery // nil while the Wire is read
}

// Init makes the zero Wire one of c, which is its own from now on. slack is how long a frame that has
// begun may take to be complete; zero and negative mean for ever.
func (w *Wire) Init(c net.Conn, slack time.Duration) {
	w.conn, w.slack = c, slack
	if w.raw = rawConn(c); w.raw == nil {
		w.small = new([smallRead]byte)
	}
}

// LocalAddr is our end's address.
func (w *Wire) LocalAddr() net.Addr { return w.conn.LocalAddr() }

// RemoteAddr is the client's.
func (w *Wire) RemoteAddr() net.Addr { return w.conn.RemoteAddr() }

// SetReadLimit sets the largest frame accepted, in bytes, for the Cutter to ask for.
func (w *Wire) SetReadLimit(n int) { w.limit.Store(int64(n)) }

// ReadLimit is what was set last; 0 means none.
func (w *Wire) ReadLimit() int { return int(w.limit.Load()) }

// Cutter cuts frames out of what a Wire reads. It belongs to the reader.
type Cutter interface {
	// Cut appends to dst the frames that b completes; they may alias b or memory of the Cutter. Behind
	// frames it may leave a rest of b for the next call; without any it takes all of b, and keeps the
	// beginning of a frame by itself. An error comes behind the frames before it, and is final. With an
	// empty b it looks whether what has begun is within the limit that was set since.
	Cut(b []byte, dst []connectors.Frame) (frames []connectors.Frame, rest []byte, err error)
	// Pending tells whether a frame has begun and is not complete.
	Pending() bool
	// Rest tells that the frames of the last Cut are not used any more.
	Rest()
}

// ReadFrames returns the frames that one read brought, or waits for more. They are valid until the next
// call.
func (w *Wire) ReadFrames(c Cutter) ([]connectors.Frame, error) {
	if !w.in.TryLock() {
		return nil, net.ErrClosed // Close has taken over
	}
	defer w.in.Unlock()
	defer w.settle()
	c.Rest()
	if w.err == nil && (len(w.rest) > 0 || c.Pending()) {
		if frames, err := w.frames(c); len(frames) > 0 || err != nil {
			return frames, err
		}
	}
	for {
		if w.begun = c.Pending(); !w.begun {
			w.settle()
		}
		if err := w.fill(); err != nil {
			return nil, err
		}
		if frames, err := w.frames(c); len(frames) > 0 || err != nil {
			return frames, err
		}
	}
}

// frames cuts what is there.
func (w *Wire) frames(c Cutter) (frames []connectors.Frame, err error) {
	if w.buf != nil {
		clear(w.buf.frames)
		frames = w.buf.frames[:0]
	}
	frames, w.rest, err = c.Cut(w.rest, frames)
	if w.buf != nil {
		w.buf.frames = frames
	}
	if err != nil {
		w.err = err // final: the stream is lost
		if len(frames) == 0 {
			w.release()
		}
	}
	return frames, err
}

// fill waits for bytes and reads once: what came is rest. Bytes from before are
// given up.
func (w *Wire) fill() error {
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

func (w *Wire) receive() (int, error) {
	if w.raw != nil {
		if w.try == nil {
			w.try = w.attempt
		}
		if err := w.raw.Read(w.try); err != nil {
			return 0, err
		}
		return len(w.rest), w.err
	}
	n, err := 0, error(nil)
	for n == 0 && err == nil {
		n, err = w.conn.Read(w.small[:])
	}
	if n > 0 {
		w.buf = buffers.Get().(*buffer)
		w.rest = w.buf.data[:copy(w.buf.data[:], w.small[:n])]
	}
	return n, err
}

// release gives the buffer back. What was read is gone.
func (w *Wire) release() {
	if w.buf != nil {
		w.buf.giveBack()
		w.buf = nil
	}
	w.rest = nil
}

// settle takes the deadline of a frame back.
func (w *Wire) settle() {
	if w.due {
		w.readBy(time.Time{})
		w.due = false
	}
}

// readBy sets the read deadline, unless Close has had its own set.
func (w *Wire) readBy(t time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.closed && w.conn.SetReadDeadline(t) == nil
}

// fail makes err the reader's last word.
func (w *Wire) fail(err error) error {
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
