// Package sio serves socket.io clients of every generation in the field: 4.x and 3.x (Engine.IO 4),
// 2.x and 1.x (Engine.IO 3), over WebSocket and over HTTP polling, on a port of its own or on one that
// is shared (P16).
package sio

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
)

var (
	_ connectors.Connector = (*Connector)(nil)
	_ connectors.Ticker    = (*Connector)(nil)
	_ connectors.Counter   = (*Connector)(nil)
)

// Transports that a client may use.
const (
	Polling   = "polling"
	WebSocket = "websocket"
)

// Connector serves socket.io clients. The zero Connector works. Its fields are read when it is first
// used and not changed after.
type Connector struct {
	// ID is the connector's name. Empty means "sio".
	ID string

	// Port is where to listen, shared with others. Nil means a port of our own at Addr.
	Port *port.Port
	// Addr is "host:port", or "unix:/path", where Port is nil. Empty means a free TCP port on all
	// interfaces.
	Addr string
	// HTTP serves requests at other paths, where Port is nil. Nil answers them with 426.
	HTTP http.Handler
	// Path is where clients come to. Empty means "/socket.io/".
	Path string

	// Origins are the pages that may connect, as in hybrid.Connector. Empty means any: socket.io's
	// sessions are not bound to cookies.
	Origins []string
	// Check, when set, refuses handshakes with HTTP 403 by returning an error. Many clients call it at
	// once.
	Check func(*http.Request) error
	// Transports are those that a client may use. Empty means polling and websocket; with both, a
	// client that polls may upgrade.
	Transports []string
	// Cookie, when set, is the name of a cookie that holds the engine's session id, for balancers that
	// keep a polling client on one machine by it. Empty means none.
	Cookie string

	// Modes are the ways to write requests and pushes that clients may choose: by auth.mode, by ?mode=
	// or with their first event (P18.1). The first is what holds before a choice. Empty means
	// socketio.Pomelo and socketio.Events.
	Modes []socketio.Mode
	// Namespaces may be connected besides the main one, each as a session of its own. Empty means none.
	Namespaces []string

	// PingInterval is how often client and server show each other life, PingTimeout how long the other
	// side is waited for. Zero means 25 s and 20 s.
	PingInterval, PingTimeout time.Duration
	// ConnectTime is how long a client may have no session, and the handshake hook may take. Zero means 45 s.
	ConnectTime time.Duration
	// UpgradeTime is how long an upgrade may take. Zero means 10 s.
	UpgradeTime time.Duration
	// PackageTime is how long a POST, or a WebSocket message, that has begun may take to be complete, and
	// the answer to a GET to be taken. Zero means 10 s, negative for ever.
	PackageTime time.Duration
	// MaxPayload is the largest WebSocket message and POST accepted, in bytes. Zero means 1,000,000.
	MaxPayload int
	// MaxAttachments is how many a packet may have. Zero means 10.
	MaxAttachments int
	// MaxPolling is how many clients may poll at once: each may hold some 40 KB of HTTP. Zero means
	// 10,000, negative any.
	MaxPolling int
	// MaxIdle is how many clients may be without a session at once, a quarter of them from one address. Zero
	// means 4,096, negative any.
	MaxIdle int
	// Tick is how long a push may wait for others to share its write. Zero means 20 ms; negative
	// that pushes never wait.
	Tick time.Duration
	// Logger is told of accept errors and panics. Nil means nobody is.
	Logger *slog.Logger

	once     sync.Once
	protocol socketio.Config
	opened   sync.Once
	own      *port.Port // where Port is nil
	latest   atomic.Pointer[listener]
	refused  atomic.Uint64
}

// Defaults of Connector.MaxPayload and ConnectTime: socket.io's own.
const (
	maxPayload  = 1_000_000
	connectTime = 45 * time.Second
)

// New is for connectors.Factory.
func New(host string, port int) connectors.Connector {
	return &Connector{Addr: net.JoinHostPort(host, strconv.Itoa(port))}
}

// Name is ID, or "sio".
func (c *Connector) Name() string { return cmp.Or(c.ID, "sio") }

// TickEvery is Tick.
func (c *Connector) TickEvery() time.Duration { return c.Tick }

// Protocol makes the conversation with the client behind conn, which one of our listeners has accepted.
func (c *Connector) Protocol(conn connectors.Conn) connectors.Protocol {
	c.once.Do(func() {
		c.protocol = socketio.Config{
			Modes: c.Modes, MaxAttachments: c.MaxAttachments, MaxMessage: cmp.Or(c.MaxPayload, maxPayload), HandshakeTime: cmp.Or(c.ConnectTime, connectTime),
		}.WithDefaults()
	})
	return socketio.NewProtocol(&c.protocol, conn.(*seat).introduce(c.Name()))
}

// Listen opens the port, or the connector's part of it.
func (c *Connector) Listen(ctx context.Context) ([]connectors.Listener, error) {
	l, err := c.listener()
	if err == nil {
		l.share, err = c.port().Listen(ctx, l.claim())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	c.latest.Store(l)
	return []connectors.Listener{l}, nil
}

// Counts tells who did not come in: on the port, and because there were too many here.
func (c *Connector) Counts() connectors.Counts {
	return c.port().Counts().Plus(connectors.Counts{Refused: c.refused.Load()})
}

// Stats tells how many clients are there.
func (c *Connector) Stats() Stats {
	if l := c.latest.Load(); l != nil {
		return l.stats()
	}
	return Stats{}
}

// Stats are of a connector's clients.
type Stats struct {
	Clients int // all that have shaken hands
	Polling int // of these, those that poll
	Idle    int // and those without a session
}

// port is the one that is shared, or one of our own.
func (c *Connector) port() *port.Port {
	if c.Port != nil {
		return c.Port
	}
	c.opened.Do(func() { c.own = &port.Port{Addr: c.Addr, HTTP: c.HTTP, Logger: c.Logger} })
	return c.own
}

// check finds fields that make no sense.
func (c *Connector) check() error {
	switch {
	case c.Port != nil && c.Addr != "":
		return fmt.Errorf("Addr %q: Port has its own", c.Addr)
	case c.Port != nil && c.HTTP != nil:
		return fmt.Errorf("HTTP %T: Port has its own", c.HTTP)
	case c.Path != "" && (!strings.HasPrefix(c.Path, "/") || !strings.HasSuffix(c.Path, "/")):
		return fmt.Errorf("Path %q: want one that begins and ends with a slash", c.Path)
	}
	for _, d := range []time.Duration{c.PingInterval, c.PingTimeout, c.ConnectTime, c.UpgradeTime} {
		if d < 0 {
			return fmt.Errorf("PingInterval %v, PingTimeout %v, ConnectTime %v, UpgradeTime %v: less than nothing", c.PingInterval, c.PingTimeout, c.ConnectTime, c.UpgradeTime)
		}
	}
	if c.MaxPayload < 0 {
		return fmt.Errorf("MaxPayload %d: less than nothing", c.MaxPayload)
	}
	if c.Cookie != "" && (&http.Cookie{Name: c.Cookie}).Valid() != nil {
		return fmt.Errorf("Cookie %q: no name of one", c.Cookie)
	}
	for _, t := range c.Transports {
		if t != Polling && t != WebSocket {
			return fmt.Errorf("Transports %q: want %q and %q", t, Polling, WebSocket)
		}
	}
	for _, n := range c.Namespaces {
		if !strings.HasPrefix(n, "/") || strings.ContainsAny(n, ",?") {
			return fmt.Errorf("Namespaces %q: want a name that begins with a slash", n)
		}
	}
	return nil
}

// settings are a Connector's numbers with their defaults.
type settings struct {
	pingInterval, pingTimeout time.Duration
	v3, v4                    engineio.Rhythm
	connect, upgrade, slack   time.Duration
	payload                   int
	maxPolling, maxIdle       int
	pollingServed, webSocket  bool
}

func (c *Connector) settings() settings {
	s := settings{
		pingInterval:  cmp.Or(c.PingInterval, 25*time.Second),
		pingTimeout:   cmp.Or(c.PingTimeout, 20*time.Second),
		connect:       cmp.Or(c.ConnectTime, connectTime),
		upgrade:       cmp.Or(c.UpgradeTime, 10*time.Second),
		slack:         cmp.Or(c.PackageTime, 10*time.Second),
		payload:       cmp.Or(c.MaxPayload, maxPayload),
		maxPolling:    cmp.Or(c.MaxPolling, 10_000),
		maxIdle:       cmp.Or(c.MaxIdle, 4096),
		pollingServed: c.serves(Polling),
		webSocket:     c.serves(WebSocket),
	}
	s.v3 = engineio.Rhythm{Version: engineio.V3, Interval: s.pingInterval, Timeout: s.pingTimeout}
	s.v4 = engineio.Rhythm{Version: engineio.V4, Interval: s.pingInterval, Timeout: s.pingTimeout}
	return s
}

// rhythm is how clients of a version show life.
func (s *settings) rhythm(v engineio.Version) *engineio.Rhythm {
	if v == engineio.V3 {
		return &s.v3
	}
	return &s.v4
}

func (c *Connector) serves(transport string) bool {
	for _, t := range c.Transports {
		if t == transport {
			return true
		}
	}
	return len(c.Transports) == 0
}
