//go:build unix

package port

import (
	"io"
	"net"
	"os"
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
	var fail error
	err = raw.Read(func(fd uintptr) bool {
		for {
			n, _, fail = syscall.Recvfrom(int(fd), b, syscall.MSG_PEEK)
			if fail != syscall.EINTR {
				return !wait || fail != syscall.EAGAIN
			}
		}
	})
	if err == nil && fail != nil {
		err = os.NewSyscallError("recvfrom", fail)
	}
	return max(n, 0), err
}
