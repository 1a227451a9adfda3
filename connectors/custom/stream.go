package custom

import (
	"cmp"
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/stream"
)

const (
	defaultFrameTime = 10 * time.Second
	defaultMaxFrame  = 64 << 10
)

// StreamConfig says how a stream is a client's wire.
type StreamConfig struct {
	// Cut tells frames apart. It is needed.
	Cut Cut
	// FrameTime is how long a frame that has begun may take to be complete. Zero means 10 s, negative for
	// ever.
	FrameTime time.Duration
	// MaxFrame is the largest frame accepted before SetReadLimit says something else, in bytes. Zero means
	// 64 KiB.
	MaxFrame int
}

// Stream makes c a client's wire, for connectors that bring their own Listener. C is the Conn's own from now on. It
// must keep read and write deadlines, also those that are set while a Read or Write is under way, as every
// net.Conn does: by one in the past they are unblocked.
func Stream(c net.Conn, cfg StreamConfig) connectors.Conn {
	s := &conn{}
	s.Init(c, cmp.Or(cfg.FrameTime, defaultFrameTime))
	s.SetReadLimit(cmp.Or(cfg.MaxFrame, defaultMaxFrame))
	s.frames = cutter{cut: cfg.Cut, limit: s.ReadLimit}
	return s
}

var (
	_ connectors.Conn   = (*conn)(nil)
	_ connectors.Prompt = (*conn)(nil)
	_ stream.Cutter     = (*cutter)(nil)
)

// conn is a client whose frames come one behind the other.
type conn struct {
	stream.Wire
	frames cutter // the reader's
}

// ReadFrames returns the frames that one read brought, or waits for more.
func (c *conn) ReadFrames() ([]connectors.Frame, error) {
	return c.Wire.ReadFrames(&c.frames)
}

// Write sends packages one behind the other, in few writes.
func (c *conn) Write(packages net.Buffers) error { return c.WriteBatch(packages) }

// TryWrite is for one package, or few.
func (c *conn) TryWrite(packages net.Buffers) (taken, rest bool) { return c.TryWriteBatch(packages) }

// Close ends the stream. The reason is told by a kick, where the wire has one.
func (c *conn) Close(connectors.Reason) { c.Wire.Close(nil) }

// Transport is the network's name, as the Listener calls it: "tcp", "unix", ….
func (c *conn) Transport() string { return c.LocalAddr().Network() }
