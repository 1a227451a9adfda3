package main

import (
	"cmp"
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/examples/foo/page"
	"github.com/fairlead-go/fairlead/messages"
)

// FooConnector serves clients that lay pages in a folder: Foo's datagram form, by hand.
type FooConnector struct {
	// Folder is where clients lay their pages. It is made and taken away again.
	Folder string
	// Decode and Encode replace Foo's own, each alone or both.
	Decode func(frame []byte) (*messages.Request, error)
	Encode func(dst []byte, m custom.Message) ([]byte, error)
	// Timeout is how long a client may be silent: a page does not tell that a process has died. Zero means a minute.
	Timeout time.Duration
	// Tick is how long a push may wait for others to share its write. Zero means 20 ms.
	Tick time.Duration

	once sync.Once
	talk custom.Config
}

// Name is the connector's.
func (c *FooConnector) Name() string { return "foo" }

// TickEvery is Tick.
func (c *FooConnector) TickEvery() time.Duration { return c.Tick }

// Listen begins to listen. Who may come in, the folder's permissions say.
func (c *FooConnector) Listen(context.Context) ([]connectors.Listener, error) {
	if err := os.Mkdir(c.Folder, 0o700); err != nil { // or somebody listens there
		return nil, err
	}
	return []connectors.Listener{&fooListener{folder: c.Folder}}, nil
}

// Protocol begins a conversation without a handshake.
func (c *FooConnector) Protocol(conn connectors.Conn) connectors.Protocol {
	c.once.Do(func() {
		c.talk = foo
		c.talk.Timeout = cmp.Or(c.Timeout, time.Minute)
		if c.Decode != nil {
			c.talk.Decode = c.Decode
		}
		if c.Encode != nil {
			c.talk.Encode = c.Encode
		}
	})
	return custom.NewProtocol(c.Name(), conn, &c.talk)
}

// fooListener waits for pages.
type fooListener struct {
	folder string
	closed atomic.Bool
}

// Accept returns the next client.
func (l *fooListener) Accept() (connectors.Conn, error) {
	for pause := page.Shortest; !l.closed.Load(); pause = page.Nap(pause) {
		if p := page.Find(l.folder); p != nil {
			return &FooSocket{page: p}, nil
		}
	}
	return nil, net.ErrClosed
}

// Close stops accepting and turns away who waits. It may be called again.
func (l *fooListener) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	for p := page.Find(l.folder); p != nil; p = page.Find(l.folder) {
		p.Leave()
	}
	return os.RemoveAll(l.folder)
}

// Addr is the folder.
func (l *fooListener) Addr() net.Addr { return addr(l.folder) }

// FooSocket is one end of a page: a client for the server, the server for a client.
type FooSocket struct {
	page  *page.Page
	limit atomic.Int64
	frame [1]connectors.Frame // the reader's
}

// ReadFrames waits for a datagram, which is a frame: there are no halves, and nothing sticks to it.
func (s *FooSocket) ReadFrames() ([]connectors.Frame, error) {
	b, err := s.page.Take(s.frame[0].Data[:0])
	if err != nil {
		return nil, err
	}
	if limit := s.limit.Load(); limit > 0 && int64(len(b)) > limit {
		return nil, connectors.ErrTooLarge
	}
	s.frame[0].Data = b
	return s.frame[:], nil
}

// Write joins packages into as few datagrams as hold them.
func (s *FooSocket) Write(packages net.Buffers) error {
	var batch []byte
	for _, p := range packages {
		if len(batch) > 0 && len(batch)+len(p) > page.Room {
			if err := s.page.Put(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
		batch = append(batch, p...)
	}
	return s.page.Put(batch)
}

// SetReadLimit bounds what a datagram may hold, beyond what it can.
func (s *FooSocket) SetReadLimit(n int) { s.limit.Store(int64(n)) }

// Close hangs up. Why, a kick has said.
func (s *FooSocket) Close(connectors.Reason) { s.page.Leave() }

// Transport is what sessions call this wire.
func (s *FooSocket) Transport() string { return "foo" }

// LocalAddr is the page's name.
func (s *FooSocket) LocalAddr() net.Addr { return addr(s.page.Name()) }

// RemoteAddr is that as well: both ends have it.
func (s *FooSocket) RemoteAddr() net.Addr { return s.LocalAddr() }

type addr string

func (addr) Network() string  { return "foo" }
func (a addr) String() string { return string(a) }
