//go:build !unix

package port

import "net"

// peek waits for the first byte of c and returns it, with the connection to read
// it from.
func peek(c net.Conn) (byte, net.Conn, error) { return replay(c) }
