package port

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/port/proxy"
)

// Proxy says which peers are proxies that speak for clients, with a header of the
// PROXY protocol, version 1 or 2, at the head of each connection: before TLS. The
// address in it is then the client's: what limits and filters go by, what
// Conn.RemoteAddr tells, and HTTP handlers see. Where the proxy speaks for itself
// (LOCAL) or does not know (UNKNOWN) it is the proxy's own.
type Proxy struct {
	// Trusted are the proxies' addresses. What others send is never taken for a
	// header. Empty means no peer; else peers without an IP address (on a unix
	// socket) are trusted too.
	Trusted []netip.Prefix
	// Optional lets trusted peers come without a header, as themselves. False
	// closes them.
	Optional bool
}

// Why a client is not introduced: it is not let in, which has been counted, or it
// says nothing where nothing must be said.
var (
	errDenied = errors.New("port: not admitted")
	errSilent = errors.New("port: silent client")
)

// trusts tells whether a peer speaks for others.
func (l *live) trusts(peer netip.Addr) bool {
	return !l.trusted.Empty() && (!peer.IsValid() || l.trusted.Contain(peer))
}

// introduce reads what a trusted peer says of its client, and asks whether that may
// come in. It returns the connection to go on with.
func (l *live) introduce(g *guest) (net.Conn, error) {
	_ = g.SetReadDeadline(time.Now().Add(l.firstByte))
	client, c, err := l.header(g)
	if err != nil {
		if !errors.Is(err, errSilent) {
			l.gate.Refuse(admit.Proxy)
		}
		return nil, err
	}
	if client.IsValid() {
		c = &proxied{guest: g, remote: net.TCPAddrFromAddrPort(client)}
	}
	if g.place.Identify(admit.AddrOf(c.RemoteAddr()), time.Now()) != admit.None {
		return nil, errDenied
	}
	return c, nil
}

// header reads a header and nothing of what follows it. If there is none and need
// not be, what was read is read again from the connection returned.
func (l *live) header(g *guest) (netip.AddrPort, net.Conn, error) {
	var c net.Conn = g
	if l.optional {
		b, conn, err := peek(g, 1)
		if err != nil {
			return netip.AddrPort{}, nil, errSilent
		}
		if c = conn; !proxy.Begins(b) {
			return netip.AddrPort{}, c, nil
		}
	}
	var buf [proxy.MaxLen]byte
	for n := 0; ; {
		client, to, err := proxy.Parse(buf[:n])
		switch {
		case err == nil:
			return client, g, nil
		case l.optional && errors.Is(err, proxy.ErrNone):
			return client, again(g, buf[:n]), nil
		case !errors.Is(err, proxy.ErrShort):
			return client, nil, err
		}
		k, err := c.Read(buf[n:to])
		if n += k; k == 0 && err != nil {
			return client, nil, err
		}
	}
}
