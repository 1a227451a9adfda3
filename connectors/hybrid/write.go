package hybrid

import (
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// chunk is the most that is given to a connection at once that tells only at the end
// how much of it it has taken. A record of TLS is as large.
const chunk = 16 << 10

var _ connectors.Meter = (*wire)(nil)

// Progress tells how a Write gets on.
func (w *wire) Progress() (taken uint64, stalled time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.taken.Load(), w.stalled
}

// stall notes since when the wire takes nothing; the zero time that it does.
func (w *wire) stall(since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stalled = since
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
	n := w.now(b)
	if n < len(b) {
		w.left = append(w.left, b[n:]...)
	}
	return true, n < len(b)
}

// now writes what the kernel takes of b without waiting, for who holds out.
func (w *wire) now(b []byte) int {
	n, _, _ := writeRaw(w, b, false)
	w.stuck = w.stuck && n == 0
	return n
}

// flush writes what prompt has left, for who holds out.
func (w *wire) flush() error {
	if len(w.left) == 0 {
		return nil
	}
	b := w.left
	w.left = nil
	_, err := w.put(b)
	w.cut = err != nil
	return err
}

// Write writes b, with one write if the wire takes it.
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
		n, err = w.put(b)
		w.cut = err != nil && n > 0
	}
	if err != nil && w.gone() {
		err = net.ErrClosed
	}
	return n, err
}

// put writes b and counts what the wire takes of it, while it does.
func (w *wire) put(b []byte) (n int, err error) {
	if w.raw != nil {
		n, w.stuck, err = writeRaw(w, b, true)
		return n, err
	}
	for n < len(b) && err == nil {
		var k int
		w.stall(time.Now())
		k, err = w.Conn.Write(b[n:min(n+chunk, len(b))])
		w.taken.Add(uint64(k))
		n += k
	}
	w.stall(time.Time{})
	w.stuck = err != nil // for all that is known
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
