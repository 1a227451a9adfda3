// Package mqtt serves MQTT clients, of versions 3.1, 3.1.1 and 5, over TCP, TLS, unix sockets and WebSocket. It
// is no broker: what a client publishes is a request or a notify for a route, and what it receives are answers
// and pushes that are for it (P20).
package mqtt

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Connector = (*Connector)(nil)
	_ connectors.Ticker    = (*Connector)(nil)
	_ connectors.Counter   = (*Connector)(nil)
)

// Connector serves MQTT clients. The zero Connector works, in route mode. Its fields are read when it is first
// used and not changed after.
type Connector struct {
	// ID is the connector's name. Empty means "mqtt".
	ID string

	// Port is where to listen, shared with others: MQTT's first byte is no one else's. Nil means a port of our
	// own, made of the fields of this group, which must be zero otherwise.
	Port *port.Port
	// Addr is "host:port", or "unix:/path". Empty means a free TCP port on all interfaces.
	Addr string
	// Listener, when set, is used instead of Addr. It is closed at the end.
	Listener net.Listener
	// TLS, when set, is spoken by every client.
	TLS *tls.Config
	// Logger is told of accept errors. Nil means nobody is.
	Logger *slog.Logger

	// Path is where WebSockets come to. Empty means any on a port of our own, and "/mqtt" on one that is shared.
	Path string
	// Origins are the pages that may connect, as in hybrid.Connector. Empty means the host that is connected to.
	Origins []string

	// PublishRoute and SubscribeRoute, both or none, choose pomelo's mode: every PUBLISH is a request (QoS 1
	// and 2) or a notify (QoS 0) for the one, with a JSON body {topic, payload, qos, retain, dup, messageId}, every
	// SUBSCRIBE a request for the other, with {subscriptions: [{topic, qos}]}, which answers with what each is granted:
	// [0] to [2], anything else is a no, and an answer that is no such list refuses all (P20.7). Empty means route mode: the
	// topic names the route (P20.5).
	PublishRoute, SubscribeRoute string
	// WillRoute is told of the last will of a client that goes without a DISCONNECT: a notify with {topic, payload}
	// on its session. Empty means that wills are ignored.
	WillRoute string
	// AllowSubscribe tells whether a client may subscribe to a filter in route mode; those below pomelo/ it
	// always may. It is called while nothing else of the client's is looked at, and must not block. Nil allows MQTT 5 clients plain topics,
	// which may be where they expect answers, and others nothing. What is granted brings no messages by itself: there
	// are none but pushes and answers.
	AllowSubscribe func(who connectors.Credentials, filter string) bool
	// RequireSubscribe lets pushes go only to who has been granted a filter that fits: pomelo/push/<route> in
	// route mode, any topic in pomelo's. Answers are always sent in route mode.
	RequireSubscribe bool
	// Encoding is what bodies are in route mode. Zero means JSON.
	Encoding messages.Encoding
	// QoS is how answers and pushes are sent in route mode: 0, or 1, with lossy pushes still at 0.
	QoS byte

	// KeepAlive is the keepalive of clients that ask for none and, where they can be told (MQTT 5), of those that
	// ask for a longer one. A client that is silent for one and a half times its keepalive is closed. Zero means
	// 120 s; negative that any is accepted, none at all too.
	KeepAlive time.Duration
	// Timeout is how long a client may be silent whatever its keepalive. Zero means that that alone counts.
	Timeout time.Duration
	// ConnectTime is how long a client may take to send its CONNECT, and the handshake hook to answer. Zero means 10 s.
	ConnectTime time.Duration
	// PacketTime is how long a packet, or over WebSocket a message, that has begun may take to be complete. Zero
	// means 10 s, negative for ever. A packet in several messages has the time of the keepalive.
	PacketTime time.Duration
	// MaxPacket is the largest packet accepted, in bytes, header included; until a client is let in that is 64 KiB at
	// most. Zero means 64 KiB.
	MaxPacket int
	// MaxSubscriptions is how many filters a client may be subscribed to; together they may be as long as a packet.
	// Zero means 64.
	MaxSubscriptions int
	// MaxReceive is how many messages of QoS 2 a client may have open: the Receive Maximum it is told (MQTT 5).
	// Zero means 1,024.
	MaxReceive int
	// Window is how many messages of QoS 1 may wait for a client's PUBACK at once, or fewer if its Receive
	// Maximum says so. Zero means 64. The next wait, up to MaxWaiting bytes of them (zero means 256 KiB), beyond
	// which the client is closed as too slow.
	Window, MaxWaiting int
	// SharedIDs lets several clients with one client id be there at once. False closes the older one.
	SharedIDs bool
	// Tick is how long a push may wait for others to share its write. Zero means 20 ms; negative that pushes
	// never wait.
	Tick time.Duration

	once     sync.Once
	settings settings
	opened   sync.Once
	own      *port.Port // where Port is nil
	present  clients
}

// New is for connectors.Factory.
func New(host string, port int) connectors.Connector {
	return &Connector{Addr: net.JoinHostPort(host, strconv.Itoa(port))}
}

// Name is ID, or "mqtt".
func (c *Connector) Name() string { return cmp.Or(c.ID, "mqtt") }

// TickEvery is Tick.
func (c *Connector) TickEvery() time.Duration { return c.Tick }

// Counts tells who did not come in, on the port: where it is shared, to others too.
func (c *Connector) Counts() connectors.Counts { return c.port().Counts() }

// Listen opens the port, or the connector's part of it.
func (c *Connector) Listen(ctx context.Context) ([]connectors.Listener, error) {
	err := c.check()
	var l *listener
	if err == nil {
		l, err = newListener(c)
	}
	if err == nil {
		err = l.Open(ctx, c.port(), l.claim())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	return []connectors.Listener{l}, nil
}

// Protocol makes the conversation with the client behind conn, which one of our listeners has accepted.
func (c *Connector) Protocol(conn connectors.Conn) connectors.Protocol {
	return newProtocol(c.config(), &c.present, conn.(client))
}

// port is the one that is shared, or one of our own.
func (c *Connector) port() *port.Port {
	if c.Port != nil {
		return c.Port
	}
	c.opened.Do(func() { c.own = &port.Port{Addr: c.Addr, Listener: c.Listener, TLS: c.TLS, Logger: c.Logger} })
	return c.own
}

// check finds fields that make no sense.
func (c *Connector) check() error {
	switch {
	case c.Port != nil && (c.Addr != "" || c.Listener != nil || c.TLS != nil):
		return fmt.Errorf("Addr %q, Listener, TLS: Port has its own", c.Addr)
	case (c.PublishRoute == "") != (c.SubscribeRoute == ""):
		return fmt.Errorf("PublishRoute %q, SubscribeRoute %q: want both, or none", c.PublishRoute, c.SubscribeRoute)
	case c.QoS > 1:
		return fmt.Errorf("QoS %d: want 0 or 1", c.QoS)
	case c.Path != "" && c.Path[0] != '/':
		return fmt.Errorf("Path %q: want one that begins with a slash", c.Path)
	case c.Timeout < 0 || c.ConnectTime < 0:
		return fmt.Errorf("Timeout %v, ConnectTime %v: less than nothing", c.Timeout, c.ConnectTime)
	case c.Window < 0 || c.Window > maxWindow || c.MaxReceive < 0 || c.MaxReceive > maxWindow:
		return fmt.Errorf("Window %d, MaxReceive %d: want at most %d", c.Window, c.MaxReceive, maxWindow)
	case c.MaxPacket < 0 || c.MaxSubscriptions < 0 || c.MaxWaiting < 0:
		return errors.New("MaxPacket, MaxSubscriptions, MaxWaiting: less than nothing")
	}
	return nil
}

// maxWindow is the largest Receive Maximum.
const maxWindow = 65535

// settings are a Connector's numbers with their defaults.
type settings struct {
	name                        string
	publish, subscribe, will    string
	allow                       func(who connectors.Credentials, filter string) bool
	requireSubscribe, sharedIDs bool
	answers                     mode
	keepAlive, timeout, connect time.Duration
	packetTime                  time.Duration
	maxPacket, maxSubscriptions int
	maxReceive, window, waiting int
}

// mode is how answers and pushes are written.
type mode struct {
	encoding messages.Encoding
	qos      byte
	pomelo   bool
}

// config is made once.
func (c *Connector) config() *settings {
	c.once.Do(func() {
		c.settings = settings{
			name:    c.Name(),
			publish: c.PublishRoute, subscribe: c.SubscribeRoute, will: c.WillRoute,
			allow:            c.AllowSubscribe,
			requireSubscribe: c.RequireSubscribe, sharedIDs: c.SharedIDs,
			answers:   mode{cmp.Or(c.Encoding, messages.JSON), c.QoS, c.PublishRoute != ""},
			keepAlive: max(cmp.Or(c.KeepAlive, 120*time.Second), 0), timeout: c.Timeout,
			connect: cmp.Or(c.ConnectTime, 10*time.Second), packetTime: cmp.Or(c.PacketTime, 10*time.Second),
			maxPacket: min(cmp.Or(c.MaxPacket, 64<<10), mqtt.MaxHeader+mqtt.MaxBody), maxSubscriptions: cmp.Or(c.MaxSubscriptions, 64),
			maxReceive: cmp.Or(c.MaxReceive, 1024), window: cmp.Or(c.Window, 64), waiting: cmp.Or(c.MaxWaiting, 256<<10),
		}
	})
	return &c.settings
}
