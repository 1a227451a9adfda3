package port

import (
	"net"
	"sync"
)

// waiting counts the clients on their way in. It has a mutex because they come and
// go on their own goroutines.
type waiting struct {
	limit int

	mu     sync.Mutex
	n      int
	conns  map[net.Conn]struct{} // those that shut closes
	closed bool
}

// enter counts c in, unless there are too many.
func (w *waiting) enter(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.n >= w.limit {
		return false
	}
	if w.conns == nil {
		w.conns = map[net.Conn]struct{}{}
	}
	w.n++
	w.conns[c] = struct{}{}
	return true
}

// swap makes c known by what was made of it. It tells whether c was there.
func (w *waiting) swap(c, made net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.conns[c]; !ok {
		return false
	}
	delete(w.conns, c)
	w.conns[made] = struct{}{}
	return true
}

// release leaves c counted, but no longer to be closed by shut. It tells whether
// c was there.
func (w *waiting) release(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.conns[c]; !ok {
		return false
	}
	delete(w.conns, c)
	return true
}

// leave counts out one that was released.
func (w *waiting) leave() {
	w.mu.Lock()
	w.n--
	w.mu.Unlock()
}

// shut closes all clients on their way in, and lets no more in.
func (w *waiting) shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.n -= len(w.conns)
	for c := range w.conns {
		_ = c.Close()
	}
	clear(w.conns)
}

// remove is release and leave.
func (w *waiting) remove(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.conns[c]; !ok {
		return false
	}
	delete(w.conns, c)
	w.n--
	return true
}
