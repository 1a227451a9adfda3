package custom

import (
	"fmt"
	"net"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Listener = (*listener)(nil)
	_ connectors.Health   = (*listener)(nil)
)

// listener is where clients come out. Goroutines of the port wait here with them until they are accepted.
type listener struct {
	wire  StreamConfig
	share *port.Share
	conns chan connectors.Conn
	errs  chan error
	done  chan struct{}
	once  sync.Once
	err   error
}

func newListener(c *Connector) *listener {
	return &listener{
		wire:  StreamConfig{Cut: c.Cut, FrameTime: c.FrameTime, MaxFrame: c.maxFrame()},
		conns: make(chan connectors.Conn),
		errs:  make(chan error, 1),
		done:  make(chan struct{}),
	}
}

// claim is the listener's part of a port: clients whose first byte is one of first, or any.
func (l *listener) claim(first []byte) port.Claim {
	return port.Claim{
		Bytes: first,
		Any:   len(first) == 0,
		Conn:  func(c net.Conn) { l.offer(Stream(c, l.wire)) },
		Fail:  l.fail,
	}
}

// offer waits until c is accepted.
func (l *listener) offer(c connectors.Conn) {
	select {
	case l.conns <- c:
	case <-l.done:
		c.Close(connectors.Reason{Cause: messages.CauseStopping})
	}
}

func (l *listener) fail(err error) {
	select {
	case l.errs <- err:
	default: // one that nobody has asked for yet is enough
	}
}

// Accept returns the next client, or the first in a row of accept errors: the port goes on trying by
// itself.
func (l *listener) Accept() (connectors.Conn, error) {
	select {
	case <-l.done: // first of all, though a client may wait as well
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-l.conns:
		return c, nil
	case err := <-l.errs:
		return nil, fmt.Errorf("accept on %s: %w", l.Addr(), err)
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close stops accepting, and closes the port if nobody else uses it.
func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.err = l.share.Close()
	})
	return l.err
}

func (l *listener) Addr() net.Addr { return l.share.Addr() }

// Health is why clients cannot come in now, or nil.
func (l *listener) Health() error { return l.share.Health() }
