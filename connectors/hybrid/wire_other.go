//go:build !unix

package hybrid

import (
	"net"
	"syscall"
)

// rawConn is nil: reading needs a buffer here.
func rawConn(net.Conn) syscall.RawConn { return nil }

func (w *wire) attempt(uintptr) bool { return true }

// writeNow writes nothing: here writing may have to wait.
func writeNow(syscall.RawConn, []byte) int { return 0 }
