package stream

import (
	"errors"
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

const (
	// lingerTime is how long a client may take to read what is left and hang up,
	// after we have said that we do.
	lingerTime = time.Second
	// lingerBytes is what it may send meanwhile.
	lingerBytes = 1 << 20
	// endTime is when a connection is closed under whoever still uses it: not all
	// that users give us keep deadlines.
	endTime = 2 * lingerTime
)

// Close unblocks reader and writer, says farewell if the stream allows it, and
// closes once the client has. A client that takes nothing is let go of at once. It
// does not block, and works once.
func (w *Wire) Close(farewell []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	if w.delivery != nil {
		w.delivery.stop()
	}
	if !w.still() {
		w.poke()
		if !w.out.TryLock() {
			go w.await(farewell)
			return
		}
	}
	defer w.out.Unlock()
	w.leave(farewell)
}

// still takes out if nobody reads, the client having ended, nor writes: nobody needs to be woken.
func (w *Wire) still() bool { return w.ended && w.out.TryLock() }

// poke ends reads and writes under way.
func (w *Wire) poke() {
	past := time.Unix(1, 0)
	_ = w.conn.SetReadDeadline(past)
	_ = w.conn.SetWriteDeadline(past)
}

// await waits for the writer to leave.
func (w *Wire) await(farewell []byte) {
	defer time.AfterFunc(endTime, w.abort).Stop()
	w.out.Lock()
	defer w.out.Unlock()
	w.leave(farewell)
}

// leave decides how the client is left, for who holds out.
func (w *Wire) leave(farewell []byte) {
	switch {
	case w.cut || w.ended && w.stuck:
		go w.abort()
	case w.ended:
		w.drop()
	case w.sayNow(farewell):
		go w.linger(nil)
	case w.stuck:
		go w.abort()
	default:
		go w.linger(farewell)
	}
}

// drop closes at once. Only that of a kernel socket is known not to wait.
func (w *Wire) drop() {
	if w.raw == nil {
		go w.conn.Close()
		return
	}
	_ = w.conn.Close()
}

// abort closes without regard to what the client has not taken yet: the kernel would
// hold it for a minute.
func (w *Wire) abort() { port.Abort(w.conn) }

// sayNow writes farewell and ends our side, if that takes no waiting: a process
// that exits right after it has been polite. It tells whether nothing is left to say.
func (w *Wire) sayNow(farewell []byte) bool {
	if w.raw == nil || w.left != nil || w.stuck && len(farewell) == 0 {
		return false
	}
	if len(farewell) > 0 {
		_ = w.conn.SetWriteDeadline(time.Time{})
		n := w.now(farewell)
		if n == 0 {
			return false
		}
		w.cut = n < len(farewell)
	}
	_ = closeWrite(w.conn)
	return true
}

// linger ends our side of the stream, and reads until the client has ended its
// own, but not for long: closing with unread input would reset the connection
// and take from the client what it has not read yet.
func (w *Wire) linger(farewell []byte) {
	defer w.conn.Close()
	defer time.AfterFunc(endTime, w.abort).Stop()
	end := time.Now().Add(lingerTime)
	if w.finish(farewell, end) != nil {
		return
	}
	w.in.Lock() // the reader has left
	defer w.in.Unlock()
	w.reading = nil // the reader may still be at its frames
	r := w.reader()
	defer r.release()
	_ = w.conn.SetReadDeadline(end)
	for n := 0; n < lingerBytes && r.fill() == nil; {
		n += len(r.rest)
	}
}

// finish writes what is left and ends our side.
func (w *Wire) finish(farewell []byte, end time.Time) error {
	w.out.Lock()
	defer w.out.Unlock()
	_ = w.conn.SetWriteDeadline(end)
	if w.flush() == nil && len(farewell) > 0 && !w.cut {
		_, _ = w.put(farewell)
	}
	return closeWrite(w.conn)
}

func closeWrite(c net.Conn) error {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}
