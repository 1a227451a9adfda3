package port

import (
	"crypto/tls"
	"errors"
	"net"
)

// replay reads the first byte of c by taking it, and returns a connection that
// gives it again.
func replay(c net.Conn) (byte, net.Conn, error) {
	var b [1]byte
	for {
		n, err := c.Read(b[:])
		if n == 1 {
			break
		}
		if err != nil {
			return 0, nil, err
		}
	}
	r := &replayed{Conn: c, byte: b[0], unread: true}
	if t, ok := c.(*tls.Conn); ok {
		return b[0], &replayedTLS{replayed: r, tls: t}, nil
	}
	return b[0], r, nil
}

// replayed is a connection whose first byte was read too early.
type replayed struct {
	net.Conn
	byte   byte
	unread bool
}

func (r *replayed) Read(p []byte) (int, error) {
	if !r.unread || len(p) == 0 {
		return r.Conn.Read(p)
	}
	r.unread = false
	p[0] = r.byte
	return 1, nil
}

// CloseWrite ends one direction, where the connection can.
func (r *replayed) CloseWrite() error {
	if c, ok := r.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// replayedTLS lets net/http see that the connection is TLS.
type replayedTLS struct {
	*replayed
	tls *tls.Conn
}

func (r *replayedTLS) ConnectionState() tls.ConnectionState { return r.tls.ConnectionState() }
