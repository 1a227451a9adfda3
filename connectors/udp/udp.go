// Package udp is pomelo's UDP connector: its packages in datagrams, a client being an address
// and port (P19). It is hardened: nothing but a handshake makes a client of a stranger, and what
// goes to an address that is not proven is bounded.
package udp

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Connector = (*Connector)(nil)
	_ connectors.Ticker    = (*Connector)(nil)
	_ connectors.Counter   = (*Connector)(nil)
)

// Connector serves pomelo clients over UDP. The zero Connector works. Its fields are read
// when it is first used and not changed after.
type Connector struct {
	// ID is the connector's name. Empty means "udp".
	ID string
	// Addr is "host:port". Empty means a free port on all interfaces. A host with several
	// addresses answers from the one that its routes say: name it here.
	Addr string
	// PacketConn, when set, is used instead of Addr. Its addresses must be UDP's. It is closed
	// at the end.
	PacketConn net.PacketConn
	// Buffer is how large the kernel's buffers are to be, in bytes, one for all clients each way. Zero
	// means 4 MiB, negative leaves them to the kernel, which may allow less.
	Buffer int
	// Admit says who may come in, asked at the handshake. Zero means everybody, up to 65,536.
	Admit admit.Limits
	// RequireCookies lets in only clients that prove their address with a cookie: until then
	// nothing is kept of them, and they are never sent more than they have sent (P19.5). Clients that
	// know no cookies, as pomelo's own, are refused. False offers cookies to those that know them.
	RequireCookies bool
	// HalfOpen is how many addresses may at once be on their way in without a cookie (P19.3). Zero
	// means 4,096.
	HalfOpen int
	// Payload is how many bytes a datagram may have in which messages are gathered; a message that is
	// longer goes alone. Zero means 1,200: what every path takes whole, by the word of QUIC
	// (RFC 9000, 14) and, less headers, of IPv6.
	Payload int
	// Waiting is how many bytes may wait for requests that are slow, of all clients together. Of each 4 KiB may
	// wait anyway, and 64 KiB at most; what is more is dropped. Zero means 64 MiB.
	Waiting int
	// Logger is told when reading fails. Nil means nobody is.
	Logger *slog.Logger

	// Heartbeat is how often client and server show each other life. Zero means
	// 30 s; negative announces none, but answers those that come (P19.7).
	Heartbeat time.Duration
	// Timeout is how long a client may be silent. Zero means twice Heartbeat, without
	// heartbeats 5 minutes.
	Timeout time.Duration
	// HandshakeTime is how long handshake and ack may take together, and how long an address
	// is half open. Zero means 5 s.
	HandshakeTime time.Duration
	// MaxHello is the largest body accepted before the ack. Zero means 4 KiB.
	MaxHello int
	// MaxPackage is the largest body accepted after it. Zero, and more than a datagram
	// takes, mean MaxDatagram less the package's head.
	MaxPackage int
	// CheckClient tells whether a client of this type and version may come in.
	// Nil lets all in. Many clients call it at once.
	CheckClient func(typ, version string) bool
	// Crypto, Encoding, Decode and Encode are those of pomelo.Config: signatures, what bodies are,
	// a message layer of your own.
	Crypto   bool
	Encoding messages.Encoding
	Decode   func(body []byte) (*messages.Request, error)
	Encode   func(id uint64, route string, body []byte) ([]byte, error)
	// Tick is how long a push may wait for others to share its datagram. Zero means
	// 20 ms; negative that pushes never wait.
	Tick time.Duration

	once   sync.Once
	pomelo pomelo.Config
	gate   admit.Gate
	counts counts
}

// MaxDatagram is how many bytes a datagram takes at most, over IPv4.
const MaxDatagram = 65507

const (
	defaultTimeout = 5 * time.Minute
	defaultMax     = 1 << 16 // clients
	defaultHalf    = 4096
	defaultPayload = 1200
	defaultBuffer  = 4 << 20
	defaultWaiting = 64 << 20
)

// counts are of what nobody else sees.
type counts struct {
	refused    atomic.Uint64 // for want of room
	failed     atomic.Uint64 // reads
	dropped    atomic.Uint64
	unanswered atomic.Uint64
	lost       atomic.Uint64
}

// Stats are counts since the start. UDP loses without a word: here is what was lost on
// our side.
type Stats struct {
	admit.Stats
	// Dropped is datagrams of clients that made no sense, or for which there was no room.
	Dropped uint64
	// Strangers is datagrams of nobody's that were left without an answer.
	Strangers uint64
	// Lost is datagrams that the system did not take.
	Lost uint64
}

// New is for connectors.Factory.
func New(host string, port int) connectors.Connector {
	return &Connector{Addr: net.JoinHostPort(host, strconv.Itoa(port))}
}

// Name is ID, or "udp".
func (c *Connector) Name() string {
	if c.ID == "" {
		return "udp"
	}
	return c.ID
}

// TickEvery is Tick.
func (c *Connector) TickEvery() time.Duration { return c.Tick }

// Protocol makes the conversation with the client behind conn.
func (c *Connector) Protocol(conn connectors.Conn) connectors.Protocol {
	c.once.Do(c.configure)
	return protocol{pomelo.NewProtocol(&c.pomelo, connectors.Hello{
		Connector:  c.Name(),
		Transport:  conn.Transport(),
		RemoteAddr: conn.RemoteAddr(),
	})}
}

// Listen opens the socket.
func (c *Connector) Listen(ctx context.Context) ([]connectors.Listener, error) {
	c.once.Do(c.configure)
	pc := c.PacketConn
	if pc == nil {
		var err error
		if pc, err = new(net.ListenConfig).ListenPacket(ctx, "udp", c.Addr); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name(), err)
		}
	}
	l, err := newListener(c, pc)
	if err != nil {
		pc.Close()
		return nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	return []connectors.Listener{l}, nil
}

// Counts tells who did not come in.
func (c *Connector) Counts() connectors.Counts {
	return connectors.Counts{
		Refused:      c.gate.Stats(time.Now()).Refused() + c.counts.refused.Load(),
		AcceptErrors: c.counts.failed.Load(),
	}
}

// Stats tells how many clients are in and how many were refused, and what was lost.
func (c *Connector) Stats() Stats {
	return Stats{
		Stats:     c.gate.Stats(time.Now()),
		Dropped:   c.counts.dropped.Load(),
		Strangers: c.counts.unanswered.Load(),
		Lost:      c.counts.lost.Load(),
	}
}

func (c *Connector) configure() {
	c.pomelo = pomelo.Config{
		Heartbeat:     max(cmp.Or(c.Heartbeat, 30*time.Second), 0),
		Unannounced:   true,
		Timeout:       c.Timeout,
		HandshakeTime: max(c.HandshakeTime, 0),
		CheckClient:   c.CheckClient,
		Crypto:        c.Crypto,
		Encoding:      c.Encoding,
		Decode:        c.Decode,
		Encode:        c.Encode,
		MaxHello:      c.MaxHello,
		MaxPackage:    min(cmp.Or(c.MaxPackage, MaxDatagram), MaxDatagram-pomelo.HeaderLen),
	}
	if c.pomelo.Heartbeat == 0 {
		c.pomelo.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	}
	c.pomelo = c.pomelo.WithDefaults()
	limits := c.Admit
	limits.MaxConns = cmp.Or(limits.MaxConns, defaultMax)
	c.gate.SetLimits(limits)
}
