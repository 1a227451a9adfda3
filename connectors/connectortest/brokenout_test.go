package connectortest

import (
	"bytes"
	"net"
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

var brokenWriters = map[string]broken{
	"batches go backwards": {
		promise: "a batch arrives whole and in order", says: "where push 2 was written",
		make: writes(func(c connectors.Conn, packages net.Buffers) error {
			slices.Reverse(packages)
			return c.Write(packages)
		}),
	},
	"the end of a batch is lost": {
		promise: "a batch arrives whole and in order", says: "a client did not get message",
		make: writes(func(c connectors.Conn, packages net.Buffers) error { return c.Write(packages[:min(len(packages), 3)]) }),
	},
	"packages go one by one": {
		promise: "a batch is one write", says: "Write sends a batch of 16 packages with about",
		make: writes(func(c connectors.Conn, packages net.Buffers) error {
			for _, p := range packages {
				if err := c.Write(net.Buffers{p}); err != nil {
					return err
				}
				<-time.After(time.Millisecond)
			}
			return nil
		}),
	},
	"Write keeps what it is given": {
		promise: "Write keeps nothing", says: "Write kept what it was given",
		races: true,
		make:  conns(func(c connectors.Conn) connectors.Conn { return newQueued(c, same) }),
	},
	"TryWrite waits": {
		promise: "TryWrite does not wait and loses nothing", says: "TryWrite did not return within",
		make: prompts(bytes.Clone, func(c *prompt, packages net.Buffers) (taken, rest bool) {
			return c.Conn.Write(packages) == nil, false
		}),
	},
	"TryWrite loses its rest": {
		promise: "TryWrite does not wait and loses nothing", says: "TryWrite has taken message 1, and the client",
		make: prompts(bytes.Clone, func(*prompt, net.Buffers) (taken, rest bool) { return true, true }),
	},
	"TryWrite copies nothing": {
		promise: "TryWrite does not wait and loses nothing", says: "TryWrite has taken message 1, and the client",
		make: prompts(same, leave),
	},
	"TryWrite takes what it says it has not": {
		promise: "TryWrite does not wait and loses nothing", says: "behind what TryWrite has taken the client got",
		make: prompts(bytes.Clone, func(c *prompt, packages net.Buffers) (taken, rest bool) {
			c.take(packages)
			return false, false
		}),
	},
	"what waits is not bounded": {
		promise: "Close cuts off a stuck Write", says: "Write took 64 MiB that the client did not read",
		make: conns(func(c connectors.Conn) connectors.Conn { return newQueued(c, bytes.Clone) }),
	},
	"nobody is slow": {
		promise: "a slow client is closed as slow", says: "the end of a client was not noticed within",
		make: conns(func(c connectors.Conn) connectors.Conn { return newQueued(c, bytes.Clone) }),
	},
	"Close waits for a Write": {
		promise: "Close cuts off a stuck Write", says: "Conn.Close did not return, while a Write was under way, within",
		make: conns(func(c connectors.Conn) connectors.Conn {
			var k locked
			k.Conn = c
			return &k
		}),
	},
	"Close forgets a Write": {
		promise: "Close cuts off a stuck Write", says: "Conn.Close did not unblock Write within",
		make: conns(func(c connectors.Conn) connectors.Conn { return &deaf{Conn: c} }),
	},
	"Progress counts nothing": {
		promise: "Progress counts", says: "Progress counts 0 bytes more",
		make: conns(func(c connectors.Conn) connectors.Conn { return &unmoved{c} }),
	},
}

// prompts breaks TryWrite.
func prompts(keep func([]byte) []byte, try func(*prompt, net.Buffers) (taken, rest bool)) func(*wrapped) {
	return conns(func(c connectors.Conn) connectors.Conn { return &prompt{Conn: c, try: try, keep: keep} })
}

// leave is a TryWrite that is right: it leaves all for the next Write.
func leave(c *prompt, packages net.Buffers) (taken, rest bool) {
	if len(c.left) > 0 {
		return false, false
	}
	c.take(packages)
	return true, true
}

func same(b []byte) []byte { return b }

// unmoved is a Meter that does not count.
type unmoved struct{ connectors.Conn }

func (*unmoved) Progress() (taken uint64, stalled time.Time) { return 0, time.Time{} }
