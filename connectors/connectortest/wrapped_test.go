package connectortest

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// wrapped is a connector that is right, with something broken around it.
type wrapped struct {
	*memory.Connector
	listener func(connectors.Listener) connectors.Listener
	conn     func(connectors.Conn) connectors.Conn
	protocol func(connectors.Protocol) connectors.Protocol
	codec    func(connectors.Codec) connectors.Codec
	eager    *memory.Listener // where it listens itself, and allocates what a client announces
}

// Dial makes a client.
func (w *wrapped) Dial() (net.Conn, error) {
	if w.eager != nil {
		return w.eager.Dial()
	}
	return w.Connector.Dial()
}

func (w *wrapped) Listen(ctx context.Context) ([]connectors.Listener, error) {
	if w.eager != nil {
		return []connectors.Listener{&eagerPlace{w.eager}}, nil
	}
	all, err := w.Connector.Listen(ctx)
	for i := range all {
		if w.conn != nil {
			all[i] = &accepting{all[i], w.conn}
		}
		if w.listener != nil {
			all[i] = w.listener(all[i])
		}
	}
	return all, err
}

func (w *wrapped) Protocol(c connectors.Conn) connectors.Protocol {
	p := w.Connector.Protocol(c)
	if w.codec != nil {
		p = &speaking{p, w.codec}
	}
	if w.protocol != nil {
		p = w.protocol(p)
	}
	return p
}

// accepting makes broken Conns.
type accepting struct {
	connectors.Listener
	conn func(connectors.Conn) connectors.Conn
}

func (a *accepting) Accept() (connectors.Conn, error) {
	c, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return a.conn(c), nil
}

// reading is a Conn whose ReadFrames is broken.
type reading struct {
	connectors.Conn
	read func(connectors.Conn) ([]connectors.Frame, error)
}

func (c *reading) ReadFrames() ([]connectors.Frame, error) { return c.read(c.Conn) }

// writing is a Conn whose Write is broken.
type writing struct {
	connectors.Conn
	write func(connectors.Conn, net.Buffers) error
}

func (c *writing) Write(packages net.Buffers) error { return c.write(c.Conn, packages) }

// closing is a Conn whose Close is broken.
type closing struct {
	connectors.Conn
	close func(connectors.Conn, connectors.Reason)
}

func (c *closing) Close(r connectors.Reason) { c.close(c.Conn, r) }

// prompt is a Conn with a TryWrite that leaves everything for the next Write, and may be broken.
type prompt struct {
	connectors.Conn
	try  func(*prompt, net.Buffers) (taken, rest bool)
	keep func([]byte) []byte // copies

	mu   sync.Mutex
	left net.Buffers
}

func (c *prompt) TryWrite(packages net.Buffers) (taken, rest bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.try(c, packages)
}

func (c *prompt) take(packages net.Buffers) {
	for _, p := range packages {
		c.left = append(c.left, c.keep(p))
	}
}

func (c *prompt) Write(packages net.Buffers) error {
	c.mu.Lock()
	left := c.left
	c.left = nil
	c.mu.Unlock()
	return c.Conn.Write(append(left, packages...))
}

// queued is a Conn whose Write never waits. What it does with what it is given may be broken.
type queued struct {
	connectors.Conn
	keep func([]byte) []byte

	mu      sync.Mutex
	changed sync.Cond
	waiting net.Buffers
	closed  bool
}

func newQueued(c connectors.Conn, keep func([]byte) []byte) *queued {
	q := &queued{Conn: c, keep: keep}
	q.changed.L = &q.mu
	go q.drain()
	return q
}

func (q *queued) drain() {
	for {
		pass() // one does not hurry
		q.mu.Lock()
		for len(q.waiting) == 0 && !q.closed {
			q.changed.Wait()
		}
		all, closed := q.waiting, q.closed
		q.waiting = nil
		q.mu.Unlock()
		if closed || q.Conn.Write(all) != nil {
			return
		}
	}
}

func (q *queued) Write(packages net.Buffers) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return net.ErrClosed
	}
	for _, p := range packages {
		q.waiting = append(q.waiting, q.keep(p))
	}
	q.changed.Signal()
	return nil
}

func (q *queued) Close(r connectors.Reason) {
	q.mu.Lock()
	q.closed = true
	q.changed.Signal()
	q.mu.Unlock()
	q.Conn.Close(r)
}

// deliverer is a Conn that brings what is read of it. How may be broken.
type deliverer struct {
	connectors.Conn
	deliver func(c connectors.Conn, to connectors.Sink)
}

func (d *deliverer) Deliver(to connectors.Sink) { go d.deliver(d.Conn, to) }

// speaking is a Protocol with another Codec.
type speaking struct {
	connectors.Protocol
	codec func(connectors.Codec) connectors.Codec
}

// feeding is a Protocol whose Feed is broken.
type feeding struct {
	connectors.Protocol
	after func(*connectors.Step, connectors.Frame)
}

func (p *speaking) Feed(step *connectors.Step, f connectors.Frame, now time.Time) {
	p.Protocol.Feed(step, f, now)
	p.change(step)
}

func (p *speaking) Welcome(step *connectors.Step, user any, err error, now time.Time) {
	p.Protocol.Welcome(step, user, err, now)
	p.change(step)
}

func (p *speaking) change(step *connectors.Step) {
	if step.Codec != nil {
		step.Codec = p.codec(step.Codec)
	}
}

func (p *feeding) Feed(step *connectors.Step, f connectors.Frame, now time.Time) {
	p.Protocol.Feed(step, f, now)
	p.after(step, f)
}

// eagerPlace makes Conns that allocate what a client announces.
type eagerPlace struct{ *memory.Listener }

func (p *eagerPlace) Accept() (connectors.Conn, error) {
	c, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &eager{Conn: c}, nil
}

type eager struct{ net.Conn }

func (c *eager) ReadFrames() ([]connectors.Frame, error) {
	head := make([]byte, pomelo.HeaderLen)
	if _, err := io.ReadFull(c.Conn, head); err != nil {
		return nil, err
	}
	size := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	b := append(head, make([]byte, size)...)
	if _, err := io.ReadFull(c.Conn, b[pomelo.HeaderLen:]); err != nil {
		return nil, err
	}
	return []connectors.Frame{{Data: b}}, nil
}

func (c *eager) Write(packages net.Buffers) error {
	_, err := packages.WriteTo(c.Conn)
	return err
}

func (c *eager) SetReadLimit(int)        {}
func (c *eager) Close(connectors.Reason) { _ = c.Conn.Close() }
func (c *eager) Transport() string       { return "memory" }
