package peer

import (
	"context"
	"crypto/x509"
	"errors"
	"net"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// creds are gRPC's for both directions, made anew for each handshake from the newest certificates.
type creds struct{ store *store }

// link is one connection, as its streams see it.
type link struct {
	credentials.AuthInfo
	conn net.Conn
	cert *x509.Certificate // nil: without TLS
}

// end closes the connection, and with it all streams on it.
func (l *link) end() { _ = l.conn.Close() }

// speaksFor tells whether the other end may have an address on a host.
func (l *link) speaksFor(host string) error {
	if l.cert == nil {
		if !loopback(host) {
			return errors.New("without TLS nodes are on the loopback interface only")
		}
		return nil
	}
	return l.cert.VerifyHostname(host)
}

func linkOf(ctx context.Context) (*link, error) {
	if p, ok := peer.FromContext(ctx); ok {
		if l, ok := p.AuthInfo.(*link); ok {
			return l, nil
		}
	}
	return nil, status.Error(codes.Unauthenticated, "the connection is none of a node")
}

func (c *creds) inner() credentials.TransportCredentials {
	if c.store.source.Insecure {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(c.store.config())
}

// ClientHandshake is one that we begin.
func (c *creds) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := c.inner().ClientHandshake(ctx, authority, raw)
	return linked(raw, conn, info, err)
}

// ServerHandshake is one that another begins.
func (c *creds) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if host, _, err := net.SplitHostPort(raw.LocalAddr().String()); c.store.source.Insecure && (err != nil || !loopback(host)) {
		_ = raw.Close()
		return nil, nil, errors.New("peer: without TLS nodes are on the loopback interface only")
	}
	conn, info, err := c.inner().ServerHandshake(raw)
	return linked(raw, conn, info, err)
}

func linked(raw, conn net.Conn, info credentials.AuthInfo, err error) (net.Conn, credentials.AuthInfo, error) {
	if err != nil {
		return nil, nil, err
	}
	l := &link{AuthInfo: info, conn: raw} // a TLS conn may take seconds to close
	if t, ok := info.(credentials.TLSInfo); ok && len(t.State.PeerCertificates) > 0 {
		l.cert = t.State.PeerCertificates[0]
	}
	return conn, l, nil
}

// Info is for gRPC.
func (c *creds) Info() credentials.ProtocolInfo { return c.infoOnly().Info() }

func (c *creds) infoOnly() credentials.TransportCredentials {
	if c.store.source.Insecure {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(nil)
}

// Clone is the same: creds hold nothing of one connection.
func (c *creds) Clone() credentials.TransportCredentials { return c }

// OverrideServerName does nothing: a node is who it is dialled as.
func (c *creds) OverrideServerName(string) error { return nil }
