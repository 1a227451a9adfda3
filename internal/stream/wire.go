package stream

import (
	"net"
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
	raw   syscall.RawConn // nil: read with a buffer of our own
	limit atomic.Int64
	slack time.Duration

	in      sync.Mutex
	reading *reading // the reader's, who holds in; nil until there is one who waits

	// Owned by the writer, who holds out.
	out   sync.Mutex
	left  *[]byte // a Scrap of what TryWrite has left for the next write, or nil
	taken atomic.Uint64

	// Shared by reader, writer and Close; not theirs, since Close must not wait.
	mu       sync.Mutex
	stalled  time.Time // since when a write waits
	delivery *delivery // nil while the Wire is read

	cut    bool // the writer's: a write failed in the middle, nothing may follow
	stuck  bool // the writer's: the last write failed because the wire had no room
	closed bool // mu's
	ended  bool // mu's: the client ended its side, or the connection broke
}

// reading is what it takes to wait for bytes.
type reading struct {
	of    *Wire
	try   func(fd uintptr) bool // attempt, bound once
	small *[smallRead]byte      // where there is no raw connection
	buf   *buffer               // nil while nothing is there
	rest  []byte                // what is unread of buf
	err   error                 // final, as ReadFrames tells it
	begun bool                  // bytes of a frame are there, and more of it must come
	due   bool                  // there is a deadline for it
}

// Init makes the zero Wire one of c, which is its own from now on. slack is how long a frame that has
// begun may take to be complete; zero and negative mean for ever.
func (w *Wire) Init(c net.Conn, slack time.Duration) {
	w.conn, w.raw, w.slack = c, rawConn(c), slack
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
	return w.reader().next(c)
}

// reader is called by who holds in.
func (w *Wire) reader() *reading {
	if w.reading == nil {
		r := &reading{of: w}
		if r.try = r.attempt; w.raw == nil {
			r.small = new([smallRead]byte)
		}
		w.reading = r
	}
	return w.reading
}
