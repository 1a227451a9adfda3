package actortest

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/fairlead-go/fairlead/connectors"
)

var (
	_ connectors.Connector = (*door)(nil)
	_ connectors.Listener  = (*door)(nil)
)

// door is the connector by which a test's clients come in.
type door struct {
	come   chan *line
	closed chan struct{}
	once   sync.Once
	lines  atomic.Uint64 // so far
}

func newDoor() *door { return &door{come: make(chan *line), closed: make(chan struct{})} }

// addr names the door, and each client.
type addr string

func (addr) Network() string  { return "memory" }
func (a addr) String() string { return string(a) }

func (d *door) Name() string { return "actortest" }

func (d *door) Listen(context.Context) ([]connectors.Listener, error) {
	return []connectors.Listener{d}, nil
}

func (d *door) Protocol(c connectors.Conn) connectors.Protocol { return &talk{line: c.(*line)} }

func (d *door) Addr() net.Addr { return addr(d.Name()) }

func (d *door) newLine(who Who) *line {
	return &line{
		who:     who,
		addr:    addr(d.Name() + "#" + strconv.FormatUint(d.lines.Add(1), 10)),
		sent:    make(chan []byte, 64),
		left:    make(chan struct{}),
		welcome: make(chan welcome, 1),
		answers: map[uint64]chan<- *answer{},
		pushes:  make(chan *push, 1024),
		gone:    make(chan struct{}),
	}
}

// bring has a line accepted.
func (d *door) bring(l *line) error {
	select {
	case d.come <- l:
		return nil
	case <-d.closed:
		return net.ErrClosed
	}
}

func (d *door) Accept() (connectors.Conn, error) {
	select {
	case l := <-d.come:
		return l, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}
