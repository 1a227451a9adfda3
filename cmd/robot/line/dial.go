package line

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"strings"
)

// dialStream connects, with TLS and a WebSocket's upgrade where the scheme has them.
func dialStream(ctx context.Context, cfg Config, scheme string) (*stream, error) {
	network, addr, path := "tcp", "", "/"
	if at, ok := strings.CutPrefix(cfg.Addr, "unix:"); ok {
		network, addr = "unix", at
	} else {
		u, err := url.Parse(cfg.Addr)
		if err != nil {
			return nil, err
		}
		addr, path = withPort(u), u.RequestURI()
	}
	conn, err := cfg.NetDial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if scheme == "tls" || scheme == "wss" || scheme == "mqtts" {
		if conn, err = secure(ctx, conn, cfg.TLS, addr); err != nil {
			return nil, err
		}
	}
	s := newStream(conn)
	if scheme == "ws" || scheme == "wss" {
		if err := s.upgrade(ctx, addr, path); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return s, nil
}

// withPort is the host and port of u, where a scheme may have a usual one.
func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443", "mqtt": "1883", "mqtts": "8883"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func secure(ctx context.Context, conn net.Conn, cfg *tls.Config, addr string) (net.Conn, error) {
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ServerName == "" {
		cfg = cfg.Clone()
		cfg.ServerName, _, _ = net.SplitHostPort(addr)
	}
	c := tls.Client(conn, cfg)
	if err := c.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}
