// Package line is a robot's connection to a server: what package client does, with less to pay for each
// message. Answers and pushes are heard where they are read; what is sent is written by who sends it, as
// long as the wire takes it without waiting. It speaks Pomelo over TCP, TLS, unix sockets and WebSocket,
// and MQTT; for socket.io and UDP it stands on package client.
package line

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Errors that a Line ends with, besides a *client.KickError and what the wire says.
var (
	ErrClosed = fmt.Errorf("line: %w", net.ErrClosed)
	ErrSilent = errors.New("line: the server is silent")
)

// Errors of what is sent.
var (
	// ErrStuck refuses a message because too much of what was sent before waits for the server to read it.
	ErrStuck = errors.New("line: the server does not read")
	// ErrRoute refuses a route that the wire has no room for.
	ErrRoute = errors.New("line: route over 255 bytes")
)

// Line is one client that has come in. Its methods are safe for concurrent use.
type Line interface {
	// Request asks. The answer comes to the Ear with this id, which is from 1 to 2³¹−1 and that of no
	// other request under way. The body may be used again when Request returns.
	Request(id uint64, route string, body []byte) error
	// Notify tells, and nothing is answered.
	Notify(route string, body []byte) error
	// Err is why it has ended, nil while it lives.
	Err() error
	// Close hangs up, and returns when nothing more comes to the Ear.
	Close()
}

// Ear hears what comes to a Line, one call at a time. Bodies are valid until it returns; while it does not,
// nothing more is read.
type Ear interface {
	Answer(id uint64, body []byte)
	Push(body []byte)
}

// Config says where a Line goes, and how.
type Config struct {
	// Addr is "tcp://host:port", "tls://…", "ws://host:port/path", "wss://…", "unix:/path",
	// "mqtt://host:port", "mqtts://…", "sio://host:port/path", "sios://…" or "udp://host:port".
	Addr string
	// User is the application's part of the handshake, JSON; over MQTT an object with username and
	// password. Nil sends none.
	User json.RawMessage
	// TLS is for wires that have it. Nil means Go's defaults.
	TLS *tls.Config
	// NetDial makes the connection below. Nil means a net.Dialer's.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Dial connects and shakes hands. The context bounds Dial and not what comes after.
func Dial(ctx context.Context, cfg Config, ear Ear) (Line, error) {
	if cfg.NetDial == nil {
		cfg.NetDial = new(net.Dialer).DialContext
	}
	scheme, _, _ := strings.Cut(cfg.Addr, ":")
	var t talk
	switch scheme {
	case "sio", "sios", "udp":
		return dialClient(ctx, cfg, ear)
	case "mqtt", "mqtts":
		t = &topics{user: cfg.User}
	default:
		t = &packages{user: cfg.User}
	}
	s, err := dialStream(ctx, cfg, scheme)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", cfg.Addr, err)
	}
	s.talk, s.ear = t, ear
	if err := s.enter(ctx); err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return s, nil
}

// talk is what is spoken over a stream: one value a Line, whose reader owns it but for what appends.
type talk interface {
	// hello appends what the client says first.
	hello(dst []byte) ([]byte, error)
	// hear sees to all whole messages that b completes. It tells s what it learns.
	hear(s *stream, b []byte) error
	request(dst []byte, id uint64, route string, body []byte) ([]byte, error)
	notify(dst []byte, route string, body []byte) ([]byte, error)
	// beat appends a sign of life, and bye the last word, if there is one.
	beat(dst []byte) []byte
	bye(dst []byte) []byte
}
