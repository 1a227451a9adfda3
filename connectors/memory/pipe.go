package memory

import (
	"net"
	"sync"
	"time"
)

// pipe joins two ends, in one allocation and under one lock: an idle pair costs
// little more than that. A lock and no actor, because
// those who read and write a net.Conn wait for their result.
type pipe struct {
	mu     sync.Mutex
	place  *Listener // where it came in
	number uint64    // of the client
	ends   [2]end
	ways   [2]way // ways[i] carries what ends[i] writes
}

// end is a net.Conn: one end of a pipe.
type end struct {
	pipe *pipe
	side int // index in pipe.ends; server or client
}

const (
	server = iota
	client
)

var _ net.Conn = (*end)(nil)

// newPipe makes the pipe of the client with this number.
func newPipe(place *Listener, number uint64) (forServer, forClient *end) {
	p := &pipe{place: place, number: number}
	for i := range p.ends {
		p.ends[i] = end{pipe: p, side: i}
	}
	return &p.ends[server], &p.ends[client]
}

func (e *end) in() *way  { return &e.pipe.ways[1-e.side] }
func (e *end) out() *way { return &e.pipe.ways[e.side] }

// Read takes what has been written, waiting while that is nothing. After the
// other end was closed, and all it wrote was read, the error is io.EOF.
func (e *end) Read(p []byte) (int, error) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	w := e.in()
	if err := w.waitReadable(&e.pipe.mu, len(p) == 0); err != nil {
		return 0, err
	}
	n := w.bytes.read(p)
	w.change()
	return n, nil
}

// take is a Read of everything there is. The caller owns what it returns.
func (e *end) take() ([]byte, error) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	w := e.in()
	if err := w.waitReadable(&e.pipe.mu, false); err != nil {
		return nil, err
	}
	b := w.bytes.take()
	w.change()
	return b, nil
}

// bringBy has f called, on a goroutine of its own, whenever there is something to take; again only
// when there was nothing left.
func (e *end) bringBy(f func()) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	w := e.in()
	if w.bring = f; w.bytes.size > 0 || w.ended {
		w.stir()
	}
}

// left tells whether there is something to take. If not, bringing it is over.
func (e *end) left() bool {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	w := e.in()
	w.brings = w.bytes.size > 0 || w.ended || w.deaf
	return w.brings
}

// Write waits while the other end does not read what waits for it. Bytes of
// several Writes do not mix.
func (e *end) Write(p []byte) (int, error) { return e.writeAll(net.Buffers{p}) }

// writeAll is one Write of all of them in order.
func (e *end) writeAll(all net.Buffers) (n int, err error) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	w := e.out()
	if err := w.begin(&e.pipe.mu); err != nil {
		return 0, err
	}
	defer w.done()
	for _, p := range all {
		for len(p) > 0 {
			if err := w.waitWritable(&e.pipe.mu, e.pipe.place.buffer); err != nil {
				return n, err
			}
			k := w.bytes.write(p, e.pipe.place.buffer)
			n, p = n+k, p[k:]
			w.taken += uint64(k)
			w.moves()
			w.stir()
		}
	}
	return n, nil
}

// writeNow is writeAll if that takes no waiting. If it does, nothing is written.
func (e *end) writeNow(all net.Buffers) bool {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	w, size := e.out(), 0
	for _, p := range all {
		size += len(p)
	}
	if w.writing || w.writeErr() != nil || w.bytes.size+size > e.pipe.place.buffer {
		return false
	}
	for _, p := range all {
		w.bytes.write(p, e.pipe.place.buffer)
	}
	w.taken += uint64(size)
	w.stir()
	return true
}

// progress is how many bytes were written, those of a write under way among them, and since
// when that one waits.
func (e *end) progress() (taken uint64, stalled time.Time) {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	w := e.out()
	if w.times != nil {
		stalled = w.times.stalled
	}
	return w.taken, stalled
}

// Close hangs up: the other end reads what was written, then io.EOF. What
// waits to be read here is lost. Further calls do nothing.
func (e *end) Close() error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	e.out().end()
	in := e.in()
	in.deaf = true
	in.bytes, in.bring = ring{}, nil
	in.change()
	return nil
}

// CloseWrite ends the writing: the other end reads what was written, then
// io.EOF. Reading goes on.
func (e *end) CloseWrite() error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	e.out().end()
	return nil
}

// SetDeadline bounds reads and writes, also those under way.
func (e *end) SetDeadline(t time.Time) error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	e.in().readUntil(t)
	e.out().writeUntil(t)
	return nil
}

// SetReadDeadline bounds reads, also those under way; the zero time does not.
func (e *end) SetReadDeadline(t time.Time) error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	e.in().readUntil(t)
	return nil
}

// SetWriteDeadline bounds writes, also those under way; the zero time does not.
func (e *end) SetWriteDeadline(t time.Time) error {
	e.pipe.mu.Lock()
	defer e.pipe.mu.Unlock()
	e.out().writeUntil(t)
	return nil
}

func (e *end) LocalAddr() net.Addr  { return e.pipe.addr(e.side) }
func (e *end) RemoteAddr() net.Addr { return e.pipe.addr(1 - e.side) }

func (p *pipe) addr(side int) net.Addr {
	if side == server {
		return Addr(p.place.name)
	}
	return clientAddr(p.place.name, p.number)
}
