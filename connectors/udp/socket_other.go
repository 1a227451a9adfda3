//go:build !linux

package udp

import "net"

func openUDP(c *net.UDPConn, most int) socket {
	return &udpSocket{UDPConn: c, most: most, buf: make([]byte, longest)}
}
