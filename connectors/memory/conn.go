package memory

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

var (
	_ connectors.Conn   = (*conn)(nil)
	_ connectors.Meter  = (*conn)(nil)
	_ connectors.Prompt = (*conn)(nil)
)

// conn is the server's end of a client's pipe. ReadFrames owns stream, frames
// and patience.
type conn struct {
	end      *end
	limit    atomic.Int64 // bytes a frame may have, zero for the wire's own limit
	allowed  time.Duration
	patience time.Duration // what is left of it for the package under way
	stream   pomelo.Stream
	frames   []connectors.Frame
}

const defaultPackageTime = 10 * time.Second

func newConn(e *end, packageTime time.Duration) conn {
	if packageTime == 0 {
		packageTime = defaultPackageTime
	}
	return conn{end: e, allowed: packageTime, patience: packageTime}
}

// ReadFrames takes all that the client has written and cuts it into packages. It
// waits until there is a whole one. While it waits it holds no memory but the
// beginning of a package.
func (c *conn) ReadFrames() ([]connectors.Frame, error) {
	c.forget()
	err := c.feed(nil) // what an earlier call began is measured by today's limit
	for err == nil && len(c.frames) == 0 {
		err = c.read()
	}
	return c.frames, err
}

// forget lets go of what the last call returned.
func (c *conn) forget() {
	clear(c.frames)
	c.frames = c.frames[:0]
}

func (c *conn) read() error {
	b, err := c.take()
	if err != nil {
		return err
	}
	return c.feed(b)
}

func (c *conn) feed(b []byte) (err error) {
	c.stream.SetLimit(c.bodyLimit())
	c.frames, err = c.stream.Feed(b, c.frames)
	if len(c.frames) > 0 || !c.stream.Pending() {
		c.patience = c.allowed
	}
	return err
}

// take waits for bytes, but not over the patience that is left when a package has
// begun. Only time spent here counts: what lay unread is not the client's fault.
func (c *conn) take() ([]byte, error) {
	if !c.stream.Pending() || c.allowed < 0 {
		return c.end.take()
	}
	begin := time.Now()
	c.end.SetReadDeadline(begin.Add(c.patience))
	b, err := c.end.take()
	c.end.SetReadDeadline(time.Time{})
	c.patience -= time.Since(begin)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, connectors.ErrStalled
	}
	return b, err
}

func (c *conn) bodyLimit() int {
	n := c.limit.Load()
	if n == 0 {
		return 0
	}
	return max(int(n)-pomelo.HeaderLen, 1)
}

// Write sends packages in order. It waits while the client does not read.
func (c *conn) Write(packages net.Buffers) error {
	_, err := c.end.writeAll(packages)
	return err
}

// TryWrite sends packages if there is room for all of them.
func (c *conn) TryWrite(packages net.Buffers) (taken, rest bool) {
	return c.end.writeNow(packages), false
}

// Progress tells how many bytes wait for the client or were read by it, and since when a Write
// waits for it to read.
func (c *conn) Progress() (taken uint64, stalled time.Time) { return c.end.progress() }

// SetReadLimit makes ReadFrames refuse packages over n bytes, header included.
// It takes hold with the bytes read next.
func (c *conn) SetReadLimit(n int) { c.limit.Store(int64(n)) }

// Close hangs up. The client still reads what was written, then io.EOF.
func (c *conn) Close(connectors.Reason) { c.end.Close() }

func (c *conn) Transport() string    { return "memory" }
func (c *conn) LocalAddr() net.Addr  { return c.end.LocalAddr() }
func (c *conn) RemoteAddr() net.Addr { return c.end.RemoteAddr() }
