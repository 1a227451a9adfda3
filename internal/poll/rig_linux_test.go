package poll_test

import (
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/internal/poll"
)

// patience is how long what must come is waited for.
const patience = 20 * time.Second

// reader is a client that a test has something to say about.
type reader struct {
	conn  *net.TCPConn
	raw   syscall.RawConn
	ready func(h *poll.Hand, over bool) (more bool)

	mu    sync.Mutex // Ready may be called before Add has returned
	place poll.Place
	left  bool
}

func (r *reader) Socket() syscall.RawConn                   { return r.raw }
func (r *reader) Ready(h *poll.Hand, over bool) (more bool) { return r.ready(h, over) }

// come has it called, unless that cannot be.
func (r *reader) come() (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.raw, err = r.conn.SyscallConn(); err == nil {
		r.place, err = poll.Add(r)
	}
	return err
}

// leave has it called no more, and closes it.
func (r *reader) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.left {
		r.left = true
		r.place.Leave()
		_ = r.conn.Close()
	}
}

// pair is the two ends of a connection of TCP, the first of them not read by anybody.
func pair(t testing.TB) (server, client *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return s.(*net.TCPConn), c.(*net.TCPConn)
}

// add has ready called for a client.
func add(t testing.TB, ready func(r *reader, h *poll.Hand, over bool) (more bool)) (*reader, *net.TCPConn) {
	t.Helper()
	server, client := pair(t)
	r := &reader{conn: server}
	r.ready = func(h *poll.Hand, over bool) bool { return ready(r, h, over) }
	if err := r.come(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.leave)
	return r, client
}

// heard is what a client said in one read.
type heard struct {
	text       string
	full, over bool
	err        error
}

// all reads to the end of what is there.
func all(to chan<- heard) func(*reader, *poll.Hand, bool) bool {
	return func(r *reader, h *poll.Hand, over bool) bool {
		for {
			b, full, err := h.Read(r.raw)
			if len(b) > 0 || err != nil {
				to <- heard{string(b), full, over, err}
			}
			if err != nil || len(b) == 0 || !full && !over {
				return false
			}
		}
	}
}

func say(t testing.TB, c io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func next[T any](t testing.TB, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	return v
}
