//go:build !linux

package port

import "net"

// preset leaves the options to be set for each client: whether a listening socket hands its own on is
// not known.
func (options) preset() net.ListenConfig { return net.ListenConfig{} }

func (o options) missing(*net.TCPConn) []value { return o.values() }

// values is only the send buffer: Go has no name for the other.
func (o options) values() []value {
	if o.send > 0 {
		return []value{{value: o.send}}
	}
	return nil
}

func set(c *net.TCPConn, values []value) {
	for _, v := range values {
		_ = c.SetWriteBuffer(v.value)
	}
}
