// Package hybrid is pomelo's own connector: its packages over TCP, TLS, unix
// sockets and WebSocket, all on one port (P13).
package hybrid

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Connector = (*Connector)(nil)
	_ connectors.Ticker    = (*Connector)(nil)
	_ connectors.Counter   = (*Connector)(nil)
)

// Connector serves pomelo clients. The zero Connector works. Its fields are read
// when it is first used and not changed after.
type Connector struct {
	// ID is the connector's name. Empty means "hybrid".
	ID string

	// Port is where to listen, shared with others. Nil means a port of our own,
	// made of the fields of this group; with a Port they are its own, and these
	// must be zero.
	Port *port.Port
	// Addr is "host:port", or "unix:/path". Empty means a free TCP port on all
	// interfaces.
	Addr string
	// Listener, when set, is used instead of Addr. It is closed at the end.
	Listener net.Listener
	// TLS, when set, is spoken by every client.
	TLS *tls.Config
	// CertFile and KeyFile name a certificate in PEM, in addition to those of TLS.
	// They are read again when they have changed. Empty means none.
	CertFile, KeyFile string
	// Admit says who may come in, asked before a byte is read. Zero means
	// everybody, up to 512 below the process's limit of file descriptors.
	Admit admit.Limits
	// Proxy says which peers speak for clients, with a PROXY header. Zero means
	// none.
	Proxy port.Proxy
	// FirstByte is how long a client may take to send one, and a proxy to send
	// its header. Zero means 3 s.
	FirstByte time.Duration
	// Head is how long a TLS handshake, and the head of an HTTP request, may each
	// take. Zero means 5 s.
	Head time.Duration
	// Pending is how many clients may be on their way in at once. Zero means 1,024.
	Pending int
	// SendBuffer is the kernel's send buffer for each client, in bytes. Zero
	// means 32 KiB, negative leaves it to the kernel.
	SendBuffer int
	// Logger is told of accept errors. Nil means nobody is.
	Logger *slog.Logger

	// HTTP serves requests that do not ask for a WebSocket. Nil leaves them to
	// others on the port; 426 is the answer if there are none.
	HTTP http.Handler
	// Origins are the pages that may connect: hosts ("game.example", with the
	// port if it has one) over http and https, whole origins
	// ("https://game.example", "capacitor://localhost"), "null" for pages without
	// one, or "*" for any. Hosts are written as browsers send them: in ASCII.
	// Empty means the host that is connected to. Clients that are no browser,
	// and tell no origin, may always connect.
	Origins []string

	// Heartbeat is how often client and server show each other life. Zero means
	// 30 s; negative turns heartbeats off.
	Heartbeat time.Duration
	// Timeout is how long a client may be silent. Zero means twice Heartbeat,
	// without heartbeats for ever.
	Timeout time.Duration
	// HandshakeTime is how long handshake and ack may take together. Zero means
	// 5 s, negative for ever.
	HandshakeTime time.Duration
	// PackageTime is how long a package, or WebSocket message, that has begun may
	// take to be complete. Zero means 10 s, negative for ever.
	PackageTime time.Duration
	// MaxHello is the largest body accepted before the ack. Zero means 4 KiB.
	MaxHello int
	// MaxPackage is the largest body accepted after it, up to pomelo.MaxBody.
	// Zero means 64 KiB.
	MaxPackage int
	// CheckClient tells whether a client of this type and version may come in.
	// Nil lets all in. Many clients call it at once.
	CheckClient func(typ, version string) bool
	// Dict, Protos, Crypto, Encoding, Decode and Encode are those of pomelo.Config: short
	// routes, typed bodies, signatures, what plain bodies are, a message layer of your own.
	Dict     *pomelo.Dictionary
	Protos   *pomelo.Schemas
	Crypto   bool
	Encoding messages.Encoding
	Decode   func(body []byte) (*messages.Request, error)
	Encode   func(id uint64, route string, body []byte) ([]byte, error)
	// Tick is how long a push may wait for others to share its write. Zero means
	// 20 ms; negative that pushes never wait.
	Tick time.Duration

	once   sync.Once
	pomelo pomelo.Config
	opened sync.Once
	own    *port.Port // where Port is nil
}

const defaultPackageTime = 10 * time.Second

// New is for connectors.Factory.
func New(host string, port int) connectors.Connector {
	return &Connector{Addr: net.JoinHostPort(host, strconv.Itoa(port))}
}

// Name is ID, or "hybrid".
func (c *Connector) Name() string {
	if c.ID == "" {
		return "hybrid"
	}
	return c.ID
}

// TickEvery is Tick.
func (c *Connector) TickEvery() time.Duration { return c.Tick }

// Protocol makes the conversation with the client behind conn.
func (c *Connector) Protocol(conn connectors.Conn) connectors.Protocol {
	c.once.Do(func() { c.pomelo = c.pomeloConfig() })
	return pomelo.NewProtocol(&c.pomelo, connectors.Hello{
		Connector:  c.Name(),
		Transport:  conn.Transport(),
		RemoteAddr: conn.RemoteAddr(),
	})
}

func (c *Connector) pomeloConfig() pomelo.Config {
	return pomelo.Config{
		Heartbeat:     c.heartbeat(),
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

// heartbeat is Heartbeat with its default: zero means none to pomelo.
func (c *Connector) heartbeat() time.Duration {
	if c.Heartbeat == 0 {
		return 30 * time.Second
	}
	return max(c.Heartbeat, 0)
}

// Listen opens the port, or the connector's part of it.
func (c *Connector) Listen(ctx context.Context) ([]connectors.Listener, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	l, err := newListener(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	if err = l.Open(ctx, c.port(), l.claim()); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	return []connectors.Listener{l}, nil
}

// Stats tells how many clients are in and how many were refused, on the port.
func (c *Connector) Stats() admit.Stats { return c.port().Stats() }

// Counts tells who did not come in, on the port: where it is shared, to others too.
func (c *Connector) Counts() connectors.Counts { return c.port().Counts() }

// port is the one that is shared, or one of our own.
func (c *Connector) port() *port.Port {
	if c.Port != nil {
		return c.Port
	}
	c.opened.Do(func() {
		c.own = &port.Port{
			Addr: c.Addr, Listener: c.Listener,
			TLS: c.TLS, CertFile: c.CertFile, KeyFile: c.KeyFile,
			Admit: c.Admit, Proxy: c.Proxy,
			FirstByte: c.FirstByte, Head: c.Head, Pending: c.Pending,
			SendBuffer: c.SendBuffer, UserTimeout: 2 * c.heartbeat(),
			Logger: c.Logger,
		}
	})
	return c.own
}

// check finds fields that a Port of others does not leave to us.
func (c *Connector) check() error {
	switch {
	case c.Port == nil:
		return nil
	case c.Addr != "":
		return fmt.Errorf("Addr %q: Port has its own", c.Addr)
	case c.Listener != nil:
		return fmt.Errorf("%s %q: Port has its own", "Listener", c.Listener.Addr())
	case c.TLS != nil || c.CertFile != "" || c.KeyFile != "":
		return fmt.Errorf("TLS, CertFile %q, KeyFile %q: Port has its own", c.CertFile, c.KeyFile)
	case c.Admit != (admit.Limits{}):
		return errors.New("Admit: Port has its own")
	case len(c.Proxy.Trusted) > 0 || c.Proxy.Optional:
		return errors.New("Proxy: Port has its own")
	}
	return nil
}
