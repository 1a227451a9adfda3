//go:build !unix

package stream

import (
	"net"
	"syscall"
)

// rawConn is nil: reading needs a buffer here.
func rawConn(net.Conn) syscall.RawConn { return nil }

func (r *reading) attempt(uintptr) bool { return true }

// writeRaw is not called: there is no raw connection.
func writeRaw(*Wire, []byte, bool) (n int, full bool, err error) {
	return 0, false, nil
}
