//go:build !unix

package port

import "net"

// peek waits for the first byte of c and returns it, with the connection to read
// it from. Up to most bytes may be read with it, and replayed.
func peek(c net.Conn, most int) (byte, net.Conn, error) { return replay(c, most) }

// ahead copies what can be read of c without waiting, as far as that is known.
func ahead(c net.Conn, b []byte) int { return copy(b, unread(c)) }
