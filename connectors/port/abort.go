package port

import "net"

// wrapper is what crypto/tls calls it.
type wrapper interface{ NetConn() net.Conn }

// Abort closes a client that came through a Port at once: what it has not taken is
// thrown away, nothing is said first, and the kernel holds nothing for it any more.
func Abort(c net.Conn) {
	if socket := innermost(c); socket != nil {
		if s, ok := socket.(interface{ SetLinger(sec int) error }); ok {
			_ = s.SetLinger(0)
		}
		_ = socket.Close()
	}
	_ = c.Close() // its place, and whatever lies between, hear of it
}

// innermost is the last of what c consists of that can be closed without fear: the
// kernel's socket, or the shield before something of a user's.
func innermost(c net.Conn) (socket net.Conn) {
	defer func() { _ = recover() }() // users may wrap too
	for {
		switch c.(type) {
		case *net.TCPConn, *net.UnixConn:
			return c
		case *shield:
			socket = c
		}
		w, ok := c.(wrapper)
		if !ok {
			return socket
		}
		c = w.NetConn()
	}
}
