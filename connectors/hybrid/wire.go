package hybrid

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

const (
	// readSize is what one read may bring.
	readSize = 4 << 10
	// smallRead is what a connection holds to wait with where waiting without a
	// buffer is not possible.
	smallRead = 512
	// lingerTime is how long a client may take to read what is left and hang up,
	// after we have said that we do.
	lingerTime = time.Second
	// lingerBytes is what it may send meanwhile.
	lingerBytes = 1 << 20
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
	out  sync.Mutex
	cut  bool   // a write failed in the middle: nothing may follow
	left []byte // what a prompt write has left for the next

	// Shared by reader, writer and Close; not theirs, since Close must not wait.
	mu      sync.Mutex
	closed  bool
	ended   bool // the client ended its side, or the connection broke
	writeBy time.Time
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

// prompt writes what the kernel takes of b at once, and keeps the rest for the next
// write. It takes nothing when somebody else is writing.
func (w *wire) prompt(b []byte) (taken, rest bool) {
	if w.raw == nil || !w.out.TryLock() {
		return false, false
	}
	defer w.out.Unlock()
	if w.cut || len(w.left) > 0 || w.gone() {
		return false, false
	}
	n := writeNow(w.raw, b)
	if n < len(b) {
		w.left = append(w.left, b[n:]...)
	}
	return true, n < len(b)
}

// flush writes what prompt has left, for who holds out.
func (w *wire) flush() error {
	if len(w.left) == 0 {
		return nil
	}
	b := w.left
	w.left = nil
	_, err := w.Conn.Write(b)
	w.cut = err != nil
	return err
}

// Write writes b with one write.
func (w *wire) Write(b []byte) (int, error) {
	w.out.Lock()
	defer w.out.Unlock()
	return w.write(b)
}

// write is Write for who holds out.
func (w *wire) write(b []byte) (int, error) {
	if w.cut || w.gone() {
		return 0, net.ErrClosed
	}
	n, err := 0, w.flush()
	if err == nil && len(b) > 0 {
		n, err = w.Conn.Write(b)
		w.cut = err != nil && n > 0
	}
	if err != nil {
		if w.gone() {
			err = net.ErrClosed
		}
	}
	return n, err
}

// interject writes b, for the reader: between two of the writer's writes, and
// under a deadline of its own.
func (w *wire) interject(b []byte) error {
	w.out.Lock()
	defer w.out.Unlock()
	w.writeUntil(time.Now().Add(lingerTime))
	_, err := w.write(b)
	w.writeUntil(time.Time{})
	return err
}

// writeUntil sets t for what the reader writes; the zero time sets back what the
// writer has asked for.
func (w *wire) writeUntil(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.IsZero() {
		t = w.writeBy
	}
	if !w.closed {
		_ = w.Conn.SetWriteDeadline(t)
	}
}

func (w *wire) gone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// SetWriteDeadline bounds a write, also one under way. It is what a Conn
// promises; gorilla/websocket calls it too, before its own writes.
func (w *wire) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return net.ErrClosed
	}
	w.writeBy = t
	return w.Conn.SetWriteDeadline(t)
}

// hangup unblocks reader and writer, says farewell if the stream allows it, and
// closes once the client has. It does not block, and works once.
func (w *wire) hangup(farewell []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	if w.ended {
		w.drop()
		return
	}
	past := time.Unix(1, 0)
	_ = w.Conn.SetReadDeadline(past)
	if w.out.TryLock() { // nobody writes, so that what fits can go at once
		if w.sayNow(farewell) {
			farewell = nil
		}
		w.out.Unlock()
	} else {
		_ = w.Conn.SetWriteDeadline(past)
	}
	go w.linger(farewell)
}

// drop closes at once. Only that of a kernel socket is known not to wait.
func (w *wire) drop() {
	if w.raw == nil {
		go w.shut()
		return
	}
	w.shut()
}

// shut is the last that is asked of a Conn. Users may have given it: a panic of it now
// concerns nobody any more.
func (w *wire) shut() {
	defer func() { _ = recover() }()
	_ = w.Conn.Close()
}

// sayNow writes farewell and ends our side, if that takes no waiting: a process
// that exits right after it has been polite. It tells whether nothing is left to say.
func (w *wire) sayNow(farewell []byte) bool {
	if w.raw == nil {
		return false
	}
	if len(w.left) > 0 {
		return false
	}
	if len(farewell) > 0 && !w.cut {
		_ = w.Conn.SetWriteDeadline(time.Time{})
		n := writeNow(w.raw, farewell)
		if n == 0 {
			return false
		}
		w.cut = n < len(farewell)
	}
	_ = closeWrite(w.Conn)
	return true
}

// linger ends our side of the stream, and reads until the client has ended its
// own, but not for long: closing with unread input would reset the connection
// and take from the client what it has not read yet.
func (w *wire) linger(farewell []byte) {
	defer w.shut()
	defer func() { _ = recover() }() // as shut
	end := time.Now().Add(lingerTime)

	w.out.Lock() // the writer has left
	_ = w.Conn.SetWriteDeadline(end)
	if w.flush() == nil && len(farewell) > 0 && !w.cut {
		_, _ = w.Conn.Write(farewell)
	}
	err := closeWrite(w.Conn)
	w.out.Unlock()

	w.in.Lock() // the reader has left
	defer w.in.Unlock()
	defer w.release()
	if err != nil || w.ended {
		return
	}
	_ = w.Conn.SetReadDeadline(end)
	w.err, w.begun = nil, false
	for n := 0; n < lingerBytes && w.fill() == nil; {
		n += len(w.rest)
	}
}

func closeWrite(c net.Conn) error {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}
