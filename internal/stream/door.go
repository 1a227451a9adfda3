package stream

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
)

// Door is the connectors.Listener of who claims a part of a port: goroutines of the port bring clients to it,
// and wait there until they are accepted.
type Door struct {
	share *port.Share
	conns chan connectors.Conn
	errs  chan error
	done  chan struct{}
	once  sync.Once
	err   error
}

var (
	_ connectors.Listener = (*Door)(nil)
	_ connectors.Health   = (*Door)(nil)
)

// NewDoor makes a Door that is not open yet.
func NewDoor() *Door {
	return &Door{conns: make(chan connectors.Conn), errs: make(chan error, 1), done: make(chan struct{})}
}

// Open claims a part of p. The claim's Fail is the Door's.
func (d *Door) Open(ctx context.Context, p *port.Port, c port.Claim) (err error) {
	c.Fail = d.fail
	d.share, err = p.Listen(ctx, c)
	return err
}

// Offer waits until c is accepted. It returns false, and c is the caller's again, when the Door has closed.
func (d *Door) Offer(c connectors.Conn) bool {
	select {
	case d.conns <- c:
		return true
	case <-d.done:
		return false
	}
}

func (d *Door) fail(err error) {
	select {
	case d.errs <- err:
	default: // one that nobody has asked for yet is enough
	}
}

// Accept returns the next client, or the first in a row of accept errors: the
// port goes on trying by itself.
func (d *Door) Accept() (connectors.Conn, error) {
	select {
	case <-d.done: // first of all, though a client may wait as well
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-d.conns:
		return c, nil
	case err := <-d.errs:
		return nil, fmt.Errorf("accept on %s: %w", d.Addr(), err)
	case <-d.done:
		return nil, net.ErrClosed
	}
}

// Close stops accepting, and closes the port if nobody else uses it.
func (d *Door) Close() error {
	d.once.Do(func() {
		close(d.done)
		d.err = d.share.Close()
	})
	return d.err
}

// Addr is where the port listens.
func (d *Door) Addr() net.Addr { return d.share.Addr() }

// Health is why clients cannot come in now, or nil.
func (d *Door) Health() error { return d.share.Health() }
