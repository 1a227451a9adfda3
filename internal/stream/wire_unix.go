//go:build unix

package stream

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/fairlead-go/fairlead/connectors/port"
)

// rawConn is how c can be read without holding a buffer while waiting, or nil.
// Only kernel sockets: what else wraps one may read in its own way.
func rawConn(c net.Conn) syscall.RawConn {
	var (
		raw syscall.RawConn
		err error
	)
	switch c := port.Socket(c).(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	}
	if err != nil {
		return nil
	}
	return raw
}

// attempt reads what is there into a buffer from the pool. When nothing is, it
// gives the buffer back and returns false: the runtime then waits.
func (r *reading) attempt(fd uintptr) bool {
	b := buffers.Get().(*buffer)
	n, err := read(int(fd), b.data[:])
	if err == syscall.EAGAIN {
		buffers.Put(b)
		return false
	}
	switch {
	case err != nil:
		r.err = os.NewSyscallError("read", err)
	case n == 0:
		r.err = io.EOF
	default:
		r.buf, r.rest = b, b.data[:n]
		return true
	}
	buffers.Put(b)
	return true
}

func read(fd int, p []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// writeRaw writes b and counts what the kernel takes of it, as soon as it does. If it does
// not wait it writes what there is room for. It is full when there was no room at the end.
func writeRaw(to *Wire, b []byte, wait bool) (n int, full bool, err error) {
	w := rawWrites.Get().(*rawWrite)
	defer rawWrites.Put(w)
	w.rest, w.to, w.wait = b, to, wait
	if wait {
		err = to.raw.Write(w.run)
	} else {
		err = to.raw.Control(w.once)
	}
	if err == nil {
		err = w.err
	}
	if w.waited {
		to.stall(time.Time{})
	}
	n, full = len(b)-len(w.rest), w.full
	*w = rawWrite{run: w.run, once: w.once}
	return n, full, err
}

// rawWrite is a write in the form that a RawConn wants it.
type rawWrite struct {
	rest   []byte
	to     *Wire
	wait   bool
	waited bool
	full   bool
	err    error
	run    func(fd uintptr) bool
	once   func(fd uintptr)
}

var rawWrites = sync.Pool{New: func() any {
	w := &rawWrite{}
	w.run = w.attempt
	w.once = func(fd uintptr) { w.attempt(fd) }
	return w
}}

// attempt returns false when the runtime is to wait for room.
func (w *rawWrite) attempt(fd uintptr) bool {
	for len(w.rest) > 0 {
		n, err := syscall.Write(int(fd), w.rest)
		switch {
		case err == syscall.EAGAIN:
			if w.full = true; w.wait {
				w.waited = true
				w.to.stall(time.Now())
			}
			return !w.wait
		case err == syscall.EINTR:
			continue
		case err != nil:
			w.err = os.NewSyscallError("write", err)
			return true
		}
		w.full = false
		w.rest = w.rest[n:]
		w.to.taken.Add(uint64(n))
	}
	return true
}
