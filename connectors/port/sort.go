package port

import (
	"context"
	"crypto/tls"
	"net"
	"runtime/debug"
	"time"
)

// firstRead is how much may be read with the first byte where there is no other way to
// look at it: the head of an upgrade, as a rule.
const firstRead = 1 << 10

// sort tells whose the client is and hands it over. It runs on a goroutine of its
// own; a panic in a user's Conn ends that client only. What it returns is to be served
// when it is over.
func (l *live) sort(g *guest, announced bool) *upgrade {
	defer l.recovered(g)
	l.tuner.tune(g.Conn)
	b, conn, err := l.first(g, announced)
	if err != nil {
		l.drop(g)
		return nil
	}
	switch s := l.table.Load().bytes[b]; {
	case s != nil && s.claim.Conn != nil:
		if l.pending.release(g) {
			defer l.pending.leave()
			s.claim.Conn(conn)
		}
	case letter(b) && l.pending.swap(g, conn):
		return l.hear(conn)
	default:
		var b [512]byte
		_, _ = conn.Read(b[:]) // what is there; unread, it would make the end a reset
		l.drop(g)
	}
	return nil
}

// hear leaves a client that speaks HTTP to net/http, unless it is one that can be served
// for less. It is pending until its head has been read.
func (l *live) hear(c net.Conn) *upgrade {
	defer l.recovered(c)
	u, err := l.upgrade(c)
	switch {
	case err != nil:
		l.drop(c)
	case u == nil:
		l.heads.put(c) // from here on: seen
	case l.pending.remove(c) && l.serving.enter(u):
		return u
	default: // the port closes
		_ = u.Close()
	}
	return nil
}

func (l *live) recovered(c net.Conn) {
	if v := recover(); v != nil {
		l.log.Error("panic while telling a client apart", "panic", v, "stack", string(debug.Stack()))
		l.drop(c)
	}
}

func (l *live) drop(c net.Conn) {
	_ = c.Close()
	l.pending.remove(c)
}

// first waits for the client's first byte, unless all are one Share's, and returns it, with the connection
// to read it from once more. Who is announced comes behind a proxy's header.
func (l *live) first(g *guest, announced bool) (byte, net.Conn, error) {
	var c net.Conn = g
	if announced {
		var err error
		if c, err = l.introduce(g); err != nil {
			return 0, nil, err
		}
	}
	if l.tls != nil {
		t := tls.Server(c, l.tls)
		_ = c.SetDeadline(time.Now().Add(l.head))
		if err := t.HandshakeContext(context.Background()); err != nil {
			return 0, nil, err
		}
		c = t
	}
	if l.table.Load().any {
		return 0, c, c.SetDeadline(time.Time{})
	}
	if there := [1]byte{}; c == net.Conn(g) && ahead(g, there[:]) > 0 {
		return there[0], c, nil // no time need be set
	}
	_ = c.SetDeadline(time.Now().Add(l.firstByte))
	b, conn, err := peek(c, firstRead)
	if err == nil {
		err = c.SetDeadline(time.Time{})
	}
	return b, conn, err
}

func letter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
