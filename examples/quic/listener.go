package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	// openTime is how long a client may take to open its stream, which it does with the first bytes it sends.
	openTime = 5 * time.Second
	// maxOpening is how many may be at it.
	maxOpening = 1024
	// partTime is how long who was hung up on may take to read what is left, and hang up as well.
	partTime = time.Second
)

// config bounds what a client may have open, and window what may wait for us to read it.
func config() *quic.Config {
	const window = 64 << 10
	return &quic.Config{
		MaxIncomingStreams: 1, MaxIncomingUniStreams: -1,
		InitialStreamReceiveWindow: window, MaxStreamReceiveWindow: window,
		InitialConnectionReceiveWindow: window, MaxConnectionReceiveWindow: window,
		KeepAlivePeriod: 15 * time.Second,
	}
}

// listener is QUIC as a net.Listener: a client is a connection with one stream, which it opens.
type listener struct {
	quic    *quic.Listener
	streams chan net.Conn
	opening chan struct{} // one for each client that is
	ctx     context.Context
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Listen listens at a "host:port" of UDP. The configuration needs a certificate and a protocol.
func Listen(addr string, cfg *tls.Config) (net.Listener, error) {
	ln, err := quic.ListenAddr(addr, cfg, config())
	if err != nil {
		return nil, err
	}
	l := &listener{quic: ln, streams: make(chan net.Conn), opening: make(chan struct{}, maxOpening)}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.done.Go(l.greet)
	return l, nil
}

// greet lets clients open their streams, beside each other, until there are none any more: those that
// wait when the place is closed are told.
func (l *listener) greet() {
	defer l.stop()
	for {
		c, err := l.quic.Accept(context.Background())
		if err != nil {
			return
		}
		select {
		case l.opening <- struct{}{}:
			l.done.Go(func() {
				defer func() { <-l.opening }()
				l.open(c)
			})
		default:
			_ = c.CloseWithError(0, "busy")
		}
	}
}

// open waits for the stream, and until somebody accepts it.
func (l *listener) open(c *quic.Conn) {
	ctx, cancel := context.WithTimeout(l.ctx, openTime)
	defer cancel()
	s, err := c.AcceptStream(ctx)
	if err != nil {
		_ = c.CloseWithError(0, "no stream")
		return
	}
	select {
	case l.streams <- &conn{Stream: s, quic: c}:
	case <-l.ctx.Done():
		_ = c.CloseWithError(0, "closed")
	}
}

// Accept returns the next client.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.streams:
		return c, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close stops accepting. Clients that were accepted live on.
func (l *listener) Close() error {
	l.stop()
	err := l.quic.Close()
	l.done.Wait()
	return err
}

// Addr is where clients connect to.
func (l *listener) Addr() net.Addr { return l.quic.Addr() }

// Dial opens a client's connection and its stream. The server hears of it with the first bytes.
func Dial(ctx context.Context, addr string, cfg *tls.Config) (net.Conn, error) {
	c, err := quic.DialAddr(ctx, addr, cfg, config())
	if err != nil {
		return nil, err
	}
	s, err := c.OpenStreamSync(ctx)
	if err != nil {
		_ = c.CloseWithError(0, "")
		return nil, err
	}
	return &conn{Stream: s, quic: c, client: true}, nil
}

// conn is a stream and its connection as a net.Conn. What it has of the stream keeps deadlines.
type conn struct {
	*quic.Stream
	quic    *quic.Conn
	client  bool
	writing sync.Mutex // a stream may not be closed under a Write
}

// Read reads. A far end that has hung up in good order is io.EOF.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Stream.Read(b)
	var gone *quic.ApplicationError
	if errors.As(err, &gone) && gone.Remote && gone.ErrorCode == 0 {
		err = io.EOF
	}
	return n, err
}

// Write writes.
func (c *conn) Write(b []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.Stream.Write(b)
}

// CloseWrite ends our direction, behind what was written. A Write under way is cut off.
func (c *conn) CloseWrite() error {
	if !c.writing.TryLock() {
		c.CancelWrite(0)
		return nil
	}
	defer c.writing.Unlock()
	return c.Stream.Close()
}

// Close hangs up. The end of a connection takes away what is under way, so the server leaves it to the
// client to end it, for a while.
func (c *conn) Close() error {
	c.CancelRead(0)
	err := c.CloseWrite()
	if c.client {
		return c.quic.CloseWithError(0, "")
	}
	late := time.AfterFunc(partTime, func() { _ = c.quic.CloseWithError(0, "") })
	context.AfterFunc(c.quic.Context(), func() { late.Stop() })
	return err
}

// LocalAddr is our end's.
func (c *conn) LocalAddr() net.Addr { return addr{c.quic.LocalAddr()} }

// RemoteAddr is the far end's.
func (c *conn) RemoteAddr() net.Addr { return c.quic.RemoteAddr() }

// addr names the network for sessions: "quic".
type addr struct{ net.Addr }

// Network is "quic".
func (addr) Network() string { return "quic" }
