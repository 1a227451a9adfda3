// Package custom is for wires of your own: a connector made of a few functions, and its parts, for
// connectors that are written by hand. Bring a net.Listener, tell how frames are cut out of the stream, and how
// messages are read and written; deadlines, limits, batches, back-pressure and an orderly end are brought by fairlead.
package custom

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
)

var (
	_ connectors.Connector = (*Connector)(nil)
	_ connectors.Ticker    = (*Connector)(nil)
	_ connectors.Counter   = (*Connector)(nil)
)

// Connector serves clients that speak a wire of your own over streams of bytes. Cut, Decode and Encode
// are needed, everything else works as zero. Its fields are read when it is first used and not changed after.
type Connector struct {
	// ID is the connector's name. Empty means "custom".
	ID string
	// Port is where to listen: an address, or a Listener of any kind; TLS, admission and more are its
	// fields. Nil means a free TCP port on all interfaces.
	Port *port.Port
	// Bytes are the first bytes of clients, where the Port is shared with other connectors: clients speak first
	// then, within Port.FirstByte. Empty means that all clients are this connector's.
	Bytes []byte
	// Cut tells frames apart.
	Cut Cut
	// FrameTime is how long a frame that has begun may take to be complete. Zero means 10 s, negative for
	// ever.
	FrameTime time.Duration
	// Config is the conversation.
	Config
	// Tick is how long a push may wait for others to share its write. Zero means 20 ms; negative that
	// pushes never wait.
	Tick time.Duration

	own port.Port // where Port is nil
}

// Name is ID, or "custom".
func (c *Connector) Name() string {
	if c.ID == "" {
		return "custom"
	}
	return c.ID
}

// TickEvery is Tick.
func (c *Connector) TickEvery() time.Duration { return c.Tick }

// Protocol makes the conversation with the client behind conn.
func (c *Connector) Protocol(conn connectors.Conn) connectors.Protocol {
	return NewProtocol(c.Name(), conn, &c.Config)
}

// Listen opens the port, or the connector's part of it. An error names the field it is about.
func (c *Connector) Listen(ctx context.Context) ([]connectors.Listener, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	l, err := c.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	return []connectors.Listener{l}, nil
}

// Counts tells who did not come in, on the port: where it is shared, to others too.
func (c *Connector) Counts() connectors.Counts { return c.port().Counts() }

func (c *Connector) port() *port.Port {
	if c.Port != nil {
		return c.Port
	}
	return &c.own
}

func (c *Connector) check() error {
	if c.Cut == nil {
		return errors.New("Cut is nil: where does a frame end?")
	}
	return c.Config.Check()
}
