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
// as it is; of others a byte is read and replayed.
func peek(c net.Conn) (byte, net.Conn, error) {
	var (
		raw syscall.RawConn
		err error
	)
	switch c := Socket(c).(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	}
	if err != nil {
		return 0, nil, err
	}
	if raw == nil { // another type may read in its own way
		return replay(c)
	}
	b, err := look(raw)
	return b, c, err
}

func look(raw syscall.RawConn) (byte, error) {
	var (
		b    [1]byte
		n    int
		fail error
	)
	err := raw.Read(func(fd uintptr) bool {
		for {
			n, _, fail = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
			if fail != syscall.EINTR {
				return fail != syscall.EAGAIN
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case fail != nil:
		return 0, os.NewSyscallError("recvfrom", fail)
	case n == 0:
		return 0, io.EOF
	}
	return b[0], nil
}
