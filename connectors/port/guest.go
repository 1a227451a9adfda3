package port

import (
	"errors"
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
)

// guest is a client's connection as it is handed over: a kernel's socket or what
// a user's listener brought, counted until it is closed. It adds nothing to
// reading and writing: who can do better on the socket itself asks Socket for it.
type guest struct {
	net.Conn
	place admit.Place
}

// Close closes, and then counts out: the file descriptor is free by then.
func (g *guest) Close() error {
	err := g.Conn.Close()
	g.place.Leave(time.Now())
	return err
}

// NetConn is what is counted: see Abort.
func (g *guest) NetConn() net.Conn { return g.Conn }

// CloseWrite ends one direction, where the connection can.
func (g *guest) CloseWrite() error { return closeWrite(g.Conn) }

func closeWrite(c net.Conn) error {
	if c, ok := c.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// proxied is a guest for whom a proxy has spoken.
type proxied struct {
	*guest
	remote net.Addr
}

// RemoteAddr is the client's, not the proxy's.
func (p *proxied) RemoteAddr() net.Addr { return p.remote }

// Socket is what is read and written when a client that came through a Port is, to
// its last byte: a *net.TCPConn or *net.UnixConn, if nothing stands between. It
// is for reading and writing in other ways; the client must be closed as it
// came, since its place is counted until then. Other connections come back as
// they are.
func Socket(c net.Conn) net.Conn {
	switch g := c.(type) {
	case *guest:
		c = g.Conn
	case *proxied:
		c = g.Conn
	}
	if s, ok := c.(*shield); ok {
		return s.Conn
	}
	return c
}
