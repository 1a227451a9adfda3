package port

import "net"

// wrapper is what crypto/tls calls it.
type wrapper interface{ NetConn() net.Conn }

// Abort closes a client that came through a Port at once: what it has not taken is
// thrown away, nothing is said first, and the kernel holds nothing for it any more.
func Abort(c net.Conn) error {
	socket := c
	for w, ok := c.(wrapper); ok; w, ok = socket.(wrapper) {
		socket = w.NetConn()
	}
	if s, ok := socket.(interface{ SetLinger(sec int) error }); ok {
		_ = s.SetLinger(0)
	}
	err := socket.Close()
	_ = c.Close() // who knows the socket hears of it
	return err
}
