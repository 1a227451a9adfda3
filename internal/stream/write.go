package stream

import (
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// chunk is the most that is given to a connection at once that tells only at the end
// how much of it it has taken. A record of TLS is as large.
const chunk = 16 << 10

var _ connectors.Meter = (*Wire)(nil)

// Progress is for connectors.Meter.
func (w *Wire) Progress() (taken uint64, stalled time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.taken.Load(), w.stalled
}

// stall notes since when the wire takes nothing; the zero time that it does.
func (w *Wire) stall(since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stalled = since
}

// TryWrite writes what the kernel takes of b at once, and keeps the rest for the next
// Write, which may be one of nothing. It takes nothing when somebody else is writing.
func (w *Wire) TryWrite(b []byte) (taken, rest bool) {
	if w.raw == nil || !w.out.TryLock() {
		return false, false
	}
	defer w.out.Unlock()
	if w.cut || w.left != nil || w.gone() {
		return false, false
	}
	n := w.now(b)
	if n < len(b) {
		w.left = Scrap()
		*w.left = append(*w.left, b[n:]...)
	}
	return true, n < len(b)
}

// now writes what the kernel takes of b without waiting, for who holds out.
func (w *Wire) now(b []byte) int {
	n, _, _ := writeRaw(w, b, false)
	w.stuck = w.stuck && n == 0
	return n
}

// flush writes what TryWrite has left, for who holds out.
func (w *Wire) flush() error {
	if w.left == nil {
		return nil
	}
	defer GiveBack(w.left)
	b := *w.left
	w.left = nil
	_, err := w.put(b)
	w.cut = err != nil
	return err
}

// Write writes b, with one write if the wire takes it.
func (w *Wire) Write(b []byte) error {
	w.out.Lock()
	defer w.out.Unlock()
	return w.write(b)
}

// write is Write for who holds out.
func (w *Wire) write(b []byte) error {
	if w.cut || w.gone() {
		return net.ErrClosed
	}
	n, err := 0, w.flush()
	if err == nil && len(b) > 0 {
		n, err = w.put(b)
		w.cut = err != nil && n > 0
	}
	if err != nil && w.gone() {
		err = net.ErrClosed
	}
	return err
}

// put writes b and counts what the wire takes of it, while it does.
func (w *Wire) put(b []byte) (n int, err error) {
	if w.raw != nil {
		n, w.stuck, err = writeRaw(w, b, true)
		return n, err
	}
	for n < len(b) && err == nil {
		var k int
		w.stall(time.Now())
		k, err = w.conn.Write(b[n:min(n+chunk, len(b))])
		w.taken.Add(uint64(k))
		n += k
	}
	w.stall(time.Time{})
	w.stuck = err != nil // for all that is known
	return n, err
}

// Interject writes b for others than the writer: between two of its writes, and under a short deadline
// of its own.
func (w *Wire) Interject(b []byte) error {
	w.out.Lock()
	defer w.out.Unlock()
	w.writeUntil(time.Now().Add(lingerTime))
	err := w.write(b)
	w.writeUntil(time.Time{})
	return err
}

// writeUntil sets a deadline for what is interjected; the zero time takes it back.
func (w *Wire) writeUntil(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		_ = w.conn.SetWriteDeadline(t)
	}
}

func (w *Wire) gone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}
