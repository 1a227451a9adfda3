// Package memory is a connector without a network: a client is the other end of
// a pair of byte queues. Nothing in it waits for anything but Go, so that a whole
// server runs in the virtual time of testing/synctest, and a million idle
// clients in one process. Its Listener lends the same pipes to any connector
// that takes a net.Listener.
package memory

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Connector = (*Connector)(nil)
	_ connectors.Ticker    = (*Connector)(nil)
)

// Connector serves clients that Dial it in the same process and speak pomelo's
// packages. The zero Connector works.
type Connector struct {
	// ID is the connector's name. Zero means "memory".
	ID string
	// Heartbeat is how often client and server show each other life. Zero means
	// 30 s; negative turns heartbeats off.
	Heartbeat time.Duration
	// Timeout is how long a client may be silent. Zero means twice Heartbeat,
	// without heartbeats for ever.
	Timeout time.Duration
	// HandshakeTime is how long handshake and ack may take together. Zero means
	// 5 s, negative for ever.
	HandshakeTime time.Duration
	// PackageTime is how long a package begun may take to be complete. Zero
	// means 10 s, negative for ever.
	PackageTime time.Duration
	// Tick is how long a push may wait for others. Zero means 20 ms; negative
	// that pushes never wait.
	Tick time.Duration
	// Buffer is how many bytes wait in each direction until their reader takes
	// them; then writers wait. Zero means 64 KiB.
	Buffer int
	// Delivered, when set, makes the Conns connectors.Deliverers: an idle client then costs no
	// goroutine, and one that speaks starts one each time.
	Delivered bool
	// CheckClient tells whether a client of this type and version may come in.
	// Nil lets all in. It may be called by many clients at once.
	CheckClient func(typ, version string) bool
	// Dict, Protos, Crypto, Encoding, Decode and Encode are those of pomelo.Config: short
	// routes, typed bodies, signatures, what plain bodies are, a message layer of your own.
	Dict     *pomelo.Dictionary
	Protos   *pomelo.Schemas
	Crypto   bool
	Encoding messages.Encoding
	Decode   func(body []byte) (*messages.Request, error)
	Encode   func(id uint64, route string, body []byte) ([]byte, error)
	// MaxHello is the largest body accepted before the ack. Zero means 4 KiB.
	MaxHello int
	// MaxPackage is the largest body accepted after it. Zero means 64 KiB.
	MaxPackage int

	once   sync.Once
	pomelo pomelo.Config

	mu     sync.Mutex // Dial comes from any goroutine
	listen *Listener  // where Dial goes: the latest
}

// Name is ID, or "memory".
func (c *Connector) Name() string {
	if c.ID == "" {
		return "memory"
	}
	return c.ID
}

// Listen opens the place that Dial goes to. A Connector has one at a time.
func (c *Connector) Listen(context.Context) ([]connectors.Listener, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listen != nil && !c.listen.closed() {
		return nil, opError("listen", c.Name(), ErrInUse)
	}
	c.listen = newListener(c.Name(), c.Buffer)
	return []connectors.Listener{&listener{Listener: c.listen, packageTime: c.PackageTime, delivered: c.Delivered}}, nil
}

// Dial makes a new client and returns its end, which has a CloseWrite besides
// what a net.Conn has. It waits while many others wait to be accepted.
func (c *Connector) Dial() (net.Conn, error) {
	c.mu.Lock()
	l := c.listen
	c.mu.Unlock()
	if l == nil {
		return nil, opError("dial", c.Name(), ErrRefused)
	}
	return l.Dial()
}

// Protocol makes the conversation with the client behind conn.
func (c *Connector) Protocol(conn connectors.Conn) connectors.Protocol {
	c.once.Do(c.configure)
	return pomelo.NewProtocol(&c.pomelo, connectors.Hello{
		Connector:  c.Name(),
		Transport:  conn.Transport(),
		RemoteAddr: conn.RemoteAddr(),
	})
}

// TickEvery is Tick.
func (c *Connector) TickEvery() time.Duration { return c.Tick }

func (c *Connector) configure() {
	beat := c.Heartbeat
	if beat == 0 {
		beat = 30 * time.Second
	}
	c.pomelo = pomelo.Config{
		Heartbeat:     max(beat, 0),
		Timeout:       c.Timeout,
		HandshakeTime: c.HandshakeTime,
		CheckClient:   c.CheckClient,
		Dict:          c.Dict,
		Protos:        c.Protos,
		Crypto:        c.Crypto,
		Encoding:      c.Encoding,
		Decode:        c.Decode,
		Encode:        c.Encode,
		MaxHello:      c.MaxHello,
		MaxPackage:    c.MaxPackage,
	}.WithDefaults()
}
