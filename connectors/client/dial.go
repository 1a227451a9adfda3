package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"github.com/gorilla/websocket"
)

func dial(ctx context.Context, cfg Config) (wire, error) {
	if path, ok := strings.CutPrefix(cfg.Addr, "unix:"); ok {
		return dialStream(ctx, cfg, "unix", path)
	}
	scheme, addr, ok := strings.Cut(cfg.Addr, "://")
	if !ok {
		return dialStream(ctx, cfg, "tcp", cfg.Addr)
	}
	switch scheme {
	case "tcp":
		return dialStream(ctx, cfg, "tcp", addr)
	case "tls":
		return dialTLS(ctx, cfg, addr)
	case "ws", "wss":
		return dialSocket(ctx, cfg)
	}
	return nil, fmt.Errorf("client: unknown scheme %q", scheme)
}

func dialStream(ctx context.Context, cfg Config, network, addr string) (wire, error) {
	conn, err := cfg.NetDial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &stream{conn: conn}, nil
}

func dialTLS(ctx context.Context, cfg Config, addr string) (wire, error) {
	conn, err := cfg.NetDial(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(conn, serverName(cfg.TLS, addr))
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return &stream{conn: secure}, nil
}

// serverName is cfg with the name in the server's certificate filled in.
func serverName(cfg *tls.Config, addr string) *tls.Config {
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ServerName != "" {
		return cfg
	}
	cfg = cfg.Clone()
	cfg.ServerName = addr
	if host, _, err := net.SplitHostPort(addr); err == nil {
		cfg.ServerName = host
	}
	return cfg
}

func dialSocket(ctx context.Context, cfg Config) (wire, error) {
	dialer := websocket.Dialer{
		NetDialContext:  cfg.NetDial,
		TLSClientConfig: cfg.TLS,
		ReadBufferSize:  readBuffer,
		WriteBufferSize: readBuffer,
	}
	conn, resp, err := dialer.DialContext(ctx, cfg.Addr, cfg.Header)
	if resp != nil && resp.Body != nil {
		resp.Body.Close()
	}
	if err != nil && resp != nil {
		return nil, fmt.Errorf("%w: %s", err, resp.Status)
	}
	if err != nil {
		return nil, err
	}
	return &socket{conn: conn}, nil
}
