//go:build !linux

package udp

import "net"

func openUDP(c *net.UDPConn, most int) socket { return newUDP(c, most) }
