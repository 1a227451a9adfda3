// Package client is the far end: pomelo's side of a client, in Go, over any
// net.Conn, TCP, TLS, unix sockets, WebSocket and UDP, and over socket.io. It serves
// users' programs, tests and load generators.
package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Errors that a Client ends with.
var (
	// ErrClosed is what Err tells after Close. It is a net.ErrClosed.
	ErrClosed = fmt.Errorf("client: %w", net.ErrClosed)
	// ErrSilent: heartbeats were not answered.
	ErrSilent = errors.New("client: the server is silent")
	// ErrDictionary: the server shortens routes, which this client cannot read.
	ErrDictionary = errors.New("client: shortened route without a dictionary")
)

// KickError is what Err tells after the server has kicked the client.
type KickError struct {
	Reason string
	// RetryAfter and Spread, when set, are the server's advice to come back after RetryAfter and
	// a random part of Spread.
	RetryAfter, Spread time.Duration
}

func (e *KickError) Error() string { return "client: kicked: " + e.Reason }

// Config says where the server is and who comes in. Only Dial needs an Addr.
type Config struct {
	// Addr is "tcp://host:port" or for short "host:port", "tls://host:port",
	// "ws://host:port/path", "wss://…", "unix:/path" or "udp://host:port"; or for socket.io
	// "sio://host:port/path" and, over TLS, "sios://…", where no path and "/" mean
	// "/socket.io/".
	Addr string
	// User is the application's part of the handshake, any JSON value. Nil sends
	// none. Over socket.io it is the auth, an object.
	User any
	// Type and Version are what the client says of itself, but for socket.io. Zero
	// means "fairlead-go" and "0.1.0".
	Type, Version string
	// Push gets the pushes that no On takes, from the first one on. Zero drops
	// them. What is said of On holds.
	Push func(route string, body []byte)
	// Silent clients send no heartbeats and do not miss the server's: for tests.
	Silent bool
	// TLS is for tls://, wss:// and sios://. Nil means Go's defaults.
	TLS *tls.Config
	// Header is sent with a WebSocket upgrade: Origin, Cookie, …
	Header http.Header
	// NetDial makes the connection below TLS and WebSocket, or for UDP one that keeps
	// datagrams apart. Nil means a net.Dialer's.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (c Config) withDefaults() Config {
	if c.Type == "" {
		c.Type = "fairlead-go"
	}
	if c.Version == "" {
		c.Version = "0.1.0"
	}
	if c.NetDial == nil {
		c.NetDial = new(net.Dialer).DialContext
	}
	return c
}

// Client is one client, its handshake done. Its methods are safe for concurrent
// use. One goroutine reads; one writes, and lives only while bytes wait.
type Client struct {
	wire  wire
	talk  talk
	hello Handshake
	push  func(route string, body []byte) // Config.Push
	calls calls
	out   outbox
	pulse pulse // where it is we who ask for life
	vigil vigil // where it is the server

	mu       sync.Mutex // all below; its users are callers who wait, not actors
	on       map[string]func([]byte)
	onKick   func(reason string)
	err      error // why it ended
	handling bool  // the reader runs a handler of the user's

	gone chan struct{} // closed once err is set
	done chan struct{} // closed by the reader, the last goroutine to end
}

// Dial connects to cfg.Addr and shakes hands; see New. Over UDP it asks until it is answered, or
// ctx ends: nobody may be there to refuse.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	w, t, err := dial(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", cfg.Addr, err)
	}
	return start(ctx, w, t, cfg)
}

// New shakes hands over conn, which is the Client's from now on, also when New
// fails. A refusal is a *messages.Error with the server's code. The context
// bounds New and not what comes after.
func New(ctx context.Context, conn net.Conn, cfg Config) (*Client, error) {
	return start(ctx, &stream{conn: conn}, packages{}, cfg.withDefaults())
}

func start(ctx context.Context, w wire, t talk, cfg Config) (*Client, error) {
	in, err := shakeHands(ctx, w, t, cfg)
	if err != nil {
		w.close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	c := &Client{
		wire:  w,
		talk:  t,
		hello: in.Handshake,
		push:  cfg.Push,
		gone:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	c.out.start(w.write, t.beat(), c.fail)
	switch {
	case cfg.Silent:
	case in.patience > 0:
		c.vigil.start(in.patience, c.fail)
	case in.Heartbeat > 0:
		c.pulse.start(in.Heartbeat, c.out.beat, c.fail)
	}
	go c.read(in.rest)
	return c, nil
}

// Handshake is what the server answered.
func (c *Client) Handshake() Handshake { return c.hello }

// On has fn called with the body of each push of this route; nil takes that
// back. Pushes come one at a time, in order, on the reader's goroutine: fn must
// not wait for a Request. It may keep the body.
func (c *Client) On(route string, fn func(body []byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.on == nil {
		c.on = make(map[string]func([]byte))
	}
	c.on[route] = fn
}

// OnKick has fn called with the reason when the server kicks the client, before
// Done. What is said of On holds.
func (c *Client) OnKick(fn func(reason string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onKick = fn
}

// Kicked tells whether the server has kicked the client, and why.
func (c *Client) Kicked() (reason string, kicked bool) {
	var kick *KickError
	if errors.As(c.Err(), &kick) {
		return kick.Reason, true
	}
	return "", false
}

// Done is closed when the client has ended and its last goroutine as well.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is why the client has ended, nil while it lives: ErrClosed, a *KickError,
// ErrSilent, or what the wire says; io.EOF is in it when the server hung up.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// farewell is how long Close gives what waits to be written.
const farewell = time.Second

// Close writes what was sent before, for a second at most, and hangs up. It
// returns when the client's goroutines have ended, unless one runs a handler,
// which may be the caller: then Done tells. Further calls do nothing.
func (c *Client) Close() error {
	by := time.Now().Add(farewell)
	c.out.finish(c.talk.bye(), by)
	c.wire.bye(by)
	c.fail(ErrClosed)
	c.mu.Lock()
	handling := c.handling
	c.mu.Unlock()
	if !handling {
		<-c.done
	}
	return nil
}

// fail ends the client, for the first reason given.
func (c *Client) fail(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	close(c.gone)
	c.mu.Unlock()
	c.pulse.stop()
	c.vigil.stop()
	c.out.stop()
	c.wire.close()
}

// Request asks and waits for the answer, which is given as it came: an error of
// the server's is a body too, see Failure. The value is written as JSON; []byte
// and json.RawMessage are a body already, and nil is {}. When ctx ends first the
// question may have been asked all the same.
func (c *Client) Request(ctx context.Context, route string, v any) (json.RawMessage, error) {
	body, err := c.request(ctx, route, v)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", route, err)
	}
	return body, nil
}

// Notify tells and wants no answer. It waits only while much else waits to be
// written.
func (c *Client) Notify(route string, v any) error {
	if err := c.notify(route, v); err != nil {
		return fmt.Errorf("notify %s: %w", route, err)
	}
	return nil
}
