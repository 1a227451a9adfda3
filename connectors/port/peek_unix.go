//go:build unix

package port

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// peek waits for the first byte of c and returns it, with the connection to read
// it from. A kernel socket is looked at without reading (MSG_PEEK) and comes back
// as it is; of others up to most bytes are read and replayed.
func peek(c net.Conn, most int) (byte, net.Conn, error) {
	raw, err := kernel(c)
	if err != nil {
		return 0, nil, err
	}
	if raw == nil { // another type may read in its own way
		return replay(c, most)
	}
	var b [1]byte
	n, err := look(raw, b[:], true)
	if err == nil && n == 0 {
		err = io.EOF
	}
	return b[0], c, err
}

// ahead copies what can be read of c without waiting, as far as that is known.
func ahead(c net.Conn, b []byte) int {
	raw, err := kernel(c)
	if err != nil {
		return 0
	}
	if raw == nil {
		return copy(b, unread(c))
	}
	n, err := look(raw, b, false)
	if err != nil {
		return 0
	}
	return n
}

// kernel is a kernel's socket, or nil.
func kernel(c net.Conn) (syscall.RawConn, error) {
	switch c := Socket(c).(type) {
	case *net.TCPConn:
		return c.SyscallConn()
	case *net.UnixConn:
		return c.SyscallConn()
	}
	return nil, nil
}

// look copies what can be read to b, or waits until something can.
func look(raw syscall.RawConn, b []byte, wait bool) (n int, err error) {
	g := glances.Get().(*glance)
	g.b, g.wait = b, wait
	err = raw.Read(g.try)
	n, fail := g.n, g.err
	g.b, g.n, g.err = nil, 0, nil
	glances.Put(g)
	if err == nil && fail != nil {
		err = os.NewSyscallError("recvfrom", fail)
	}
	return max(n, 0), err
}

// glance is a look. They are kept, since every client takes one, which would allocate its results.
type glance struct {
	b    []byte
	wait bool
	n    int
	err  error
	try  func(fd uintptr) bool
}

var glances = sync.Pool{New: func() any {
	g := new(glance)
	g.try = g.attempt
	return g
}}

func (g *glance) attempt(fd uintptr) bool {
	for {
		g.n, _, g.err = syscall.Recvfrom(int(fd), g.b, syscall.MSG_PEEK)
		if g.err != syscall.EINTR {
			return !g.wait || g.err != syscall.EAGAIN
		}
	}
}
