package port

import (
	"crypto/tls"
	"net"
	"slices"
)

// replay reads the first byte of c by taking it, and what comes with it, up to most
// bytes. It returns a connection that gives them again.
func replay(c net.Conn, most int) (byte, net.Conn, error) {
	if b := unread(c); len(b) > 0 {
		return b[0], c, nil
	}
	b := make([]byte, most)
	for {
		n, err := c.Read(b)
		if n > 0 {
			return b[0], again(c, b[:n]), nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

// unread is what c will give again.
func unread(c net.Conn) []byte {
	switch c := c.(type) {
	case *replayed:
		return c.unread
	case *replayedTLS:
		return c.unread
	}
	return nil
}

// original is c without what has been given again.
func original(c net.Conn) net.Conn {
	if len(unread(c)) > 0 {
		return c
	}
	switch c := c.(type) {
	case *replayed:
		return c.Conn
	case *replayedTLS:
		return c.Conn
	}
	return c
}

// again is c with bytes before what is still to be read.
func again(c net.Conn, unread []byte) net.Conn {
	r := &replayed{Conn: c, unread: slices.Clone(unread)}
	if t, ok := Socket(c).(*tls.Conn); ok {
		return &replayedTLS{replayed: r, tls: t}
	}
	return r
}

// replayed is a connection of which bytes were read too early.
type replayed struct {
	net.Conn
	unread []byte
}

func (r *replayed) Read(p []byte) (int, error) {
	if len(r.unread) == 0 || len(p) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.unread)
	if r.unread = r.unread[n:]; len(r.unread) == 0 {
		r.unread = nil
	}
	return n, nil
}

// NetConn is what has been read too early: see Abort.
func (r *replayed) NetConn() net.Conn { return r.Conn }

// CloseWrite ends one direction, where the connection can.
func (r *replayed) CloseWrite() error { return closeWrite(r.Conn) }

// replayedTLS lets net/http see that the connection is TLS.
type replayedTLS struct {
	*replayed
	tls *tls.Conn
}

func (r *replayedTLS) ConnectionState() tls.ConnectionState { return r.tls.ConnectionState() }
