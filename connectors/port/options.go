package port

import (
	"net"
	"sync/atomic"
	"time"
)

// options are what the kernel may hold for a client, and how long it tries.
type options struct {
	send        int           // bytes; negative leaves it to the kernel
	userTimeout time.Duration // negative: never
}

// value is one of them as the kernel has it.
type value struct{ level, option, value int }

// tuner sees to it that clients have the options.
type tuner struct {
	options
	own  bool                    // the listening socket is ours, and hands them on, as far as it can
	left atomic.Pointer[[]value] // those that it cannot; nil until the first client was asked
}

func (t *tuner) tune(c net.Conn) {
	switch c := c.(type) {
	case *net.TCPConn:
		if !t.own {
			_ = c.SetNoDelay(true)
		}
		set(c, t.toSet(c))
	case buffered:
		if t.send > 0 {
			_ = c.SetWriteBuffer(t.send)
		}
	}
}

// toSet is what is to be set for c.
func (t *tuner) toSet(c *net.TCPConn) []value {
	if !t.own {
		return t.values()
	}
	left := t.left.Load()
	if left == nil {
		missing := t.missing(c)
		left = &missing
		t.left.Store(left)
	}
	return *left
}
