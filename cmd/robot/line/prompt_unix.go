//go:build unix

package line

import (
	"net"
	"syscall"
)

// prompt writes what a connection takes without waiting. It is used under a lock.
type prompt struct {
	raw  syscall.RawConn // nil: nothing can be told of it
	b    []byte
	n    int
	once func(fd uintptr) bool // bound once
}

func (p *prompt) init(conn net.Conn) {
	if c, ok := conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			p.raw, p.once = raw, p.attempt
		}
	}
}

// try is how much of b the connection has taken. What is wrong, if anything is, the next write tells.
func (p *prompt) try(b []byte) int {
	if p.raw == nil {
		return 0
	}
	p.b, p.n = b, 0
	_ = p.raw.Write(p.once)
	p.b = nil
	return p.n
}

func (p *prompt) attempt(fd uintptr) bool {
	n, err := syscall.Write(int(fd), p.b)
	if err == nil {
		p.n = n
	}
	return true
}
