//go:build unix

package hybrid

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"

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
func (w *wire) attempt(fd uintptr) bool {
	b := buffers.Get().(*buffer)
	n, err := read(int(fd), b.data[:])
	if err == syscall.EAGAIN {
		buffers.Put(b)
		return false
	}
	switch {
	case err != nil:
		w.err = os.NewSyscallError("read", err)
	case n == 0:
		w.err = io.EOF
	default:
		w.buf, w.rest = b, b.data[:n]
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

// writeNow writes what the kernel takes of b without waiting.
func writeNow(raw syscall.RawConn, b []byte) int {
	if raw == nil {
		return 0
	}
	p := promptWrites.Get().(*promptWrite)
	defer promptWrites.Put(p)
	p.b, p.n = b, 0
	_ = raw.Write(p.run)
	p.b = nil
	return max(p.n, 0)
}

// promptWrite is one write(2), in the form that a RawConn wants it.
type promptWrite struct {
	b   []byte
	n   int
	run func(fd uintptr) bool
}

var promptWrites = sync.Pool{New: func() any {
	p := &promptWrite{}
	p.run = func(fd uintptr) bool {
		p.n, _ = syscall.Write(int(fd), p.b)
		return true
	}
	return p
}}
