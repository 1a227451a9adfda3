package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/gorilla/websocket"
)

func dial(ctx context.Context, cfg Config) (wire, talk, error) {
	if scheme, _, ok := strings.Cut(cfg.Addr, "://"); ok && (scheme == "sio" || scheme == "sios") {
		w, err := dialEngine(ctx, cfg)
		return w, packets{silent: cfg.Silent}, err
	}
	if addr, ok := strings.CutPrefix(cfg.Addr, "udp://"); ok {
		d, err := dialDatagrams(ctx, cfg, addr)
		return d, lossy{d: d}, err
	}
	w, err := dialPomelo(ctx, cfg)
	return w, packages{}, err
}

func dialPomelo(ctx context.Context, cfg Config) (wire, error) {
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
		conn, err := dialWebSocket(ctx, cfg, cfg.Addr)
		return &socket{conn: conn}, err
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

func dialDatagrams(ctx context.Context, cfg Config, addr string) (*datagrams, error) {
	conn, err := cfg.NetDial(ctx, "udp", addr)
	if err != nil {
		return nil, err
	}
	return &datagrams{conn: conn}, nil
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

// dialEngine asks for Engine.IO 4, and for pushes in pomelo's form from the first one on
// (P18.1).
func dialEngine(ctx context.Context, cfg Config) (wire, error) {
	u, err := url.Parse(cfg.Addr)
	if err != nil {
		return nil, err
	}
	u.Scheme = map[string]string{"sio": "ws", "sios": "wss"}[u.Scheme]
	if u.Path == "" || u.Path == "/" {
		u.Path = "/socket.io/"
	}
	q := u.Query()
	for name, value := range map[string]string{"EIO": "4", "transport": "websocket", "mode": "pomelo"} {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	conn, err := dialWebSocket(ctx, cfg, u.String())
	return &engine{socket: socket{conn: conn}}, err
}

func dialWebSocket(ctx context.Context, cfg Config, addr string) (*websocket.Conn, error) {
	dialer := websocket.Dialer{
		NetDialContext:  cfg.NetDial,
		TLSClientConfig: cfg.TLS,
		ReadBufferSize:  readBuffer,
		WriteBufferSize: readBuffer,
	}
	conn, resp, err := dialer.DialContext(ctx, addr, cfg.Header)
	if resp != nil && resp.Body != nil {
		resp.Body.Close()
	}
	if err != nil && resp != nil {
		return nil, fmt.Errorf("%w: %s", err, resp.Status)
	}
	return conn, err
}
