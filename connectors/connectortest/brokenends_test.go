package connectortest

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

var brokenEnds = map[string]broken{
	"Close does not reach the reader": {
		promise: "Close unblocks a reader", says: "Conn.Close did not unblock ReadFrames within",
		make: conns(func(c connectors.Conn) connectors.Conn { return &deaf{Conn: c} }),
	},
	"the end is not final": {
		promise: "the end of a client is told once", says: "after its error, which was to be final",
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			if errors.Is(err, net.ErrClosed) || err == nil {
				return frames, err
			}
			return nil, once(c, err)
		}),
	},
	"Close throws away what was written": {
		promise: "what was written arrives before the end", says: "Close took from the client what was written before",
		make: conns(func(c connectors.Conn) connectors.Conn { return newQueued(c, bytes.Clone) }),
	},
	"the client does not see the end": {
		promise: "what was written arrives before the end", says: "the client did not see the end within",
		make: conns(func(c connectors.Conn) connectors.Conn {
			return &closing{c, func(c connectors.Conn, r connectors.Reason) { time.AfterFunc(time.Second, func() { c.Close(r) }) }}
		}),
	},
	"half a close is another error": {
		promise: "half a close ends reading in good order", says: "want io.EOF",
		make: reads(func(c connectors.Conn) ([]connectors.Frame, error) {
			frames, err := c.ReadFrames()
			if err != nil {
				err = errors.New("the client is gone")
			}
			return frames, err
		}),
	},
	"no transport": {
		promise: "a Conn says where it is", says: "Transport of a client is empty",
		make: conns(func(c connectors.Conn) connectors.Conn { return &silent{c} }),
	},
	"a kick closes nothing": {
		promise: "a kick, and a second one", says: "a kicked client did not see the end within",
		make: conns(func(c connectors.Conn) connectors.Conn {
			return &closing{c, func(c connectors.Conn, r connectors.Reason) {
				if r.Cause == messages.CauseKicked {
					time.AfterFunc(time.Second, func() { c.Close(r) })
				} else {
					c.Close(r)
				}
			}}
		}),
	},
}

// ends are those that were told once.
var ends sync.Map

// once is err for the first time, and nothing after.
func once(c connectors.Conn, err error) error {
	if _, told := ends.LoadOrStore(c, true); told {
		return nil
	}
	return err
}

// locked is a Conn that holds a lock while it writes, and wants it to close.
type locked struct {
	connectors.Conn
	mu sync.Mutex
}

func (c *locked) Write(packages net.Buffers) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.Write(packages)
}

func (c *locked) Close(r connectors.Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Conn.Close(r)
}

// deaf is a Conn that closes when it has time.
type deaf struct{ connectors.Conn }

func (c *deaf) Close(r connectors.Reason) {
	time.AfterFunc(2*time.Second, func() { c.Conn.Close(r) })
}

// silent does not say what it is.
type silent struct{ connectors.Conn }

func (*silent) Transport() string { return "" }
