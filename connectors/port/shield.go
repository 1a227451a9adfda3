package port

import (
	"fmt"
	"net"
	"time"
)

// shield is a connection that a user's listener brought, which may panic. That is an
// error then like any other: who calls it may be a goroutine of net/http's or of our own,
// where a panic would end the process.
type shield struct {
	net.Conn
}

// shielded is c, or a shield for it where that is not the kernel's socket.
func shielded(c net.Conn) net.Conn {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
		return c
	}
	return &shield{c}
}

// caught makes a panic an error.
func caught(what string, err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("port: panic in %s: %v", what, v)
	}
}

func (s *shield) Read(p []byte) (n int, err error) {
	defer caught("Read", &err)
	return s.Conn.Read(p)
}

func (s *shield) Write(p []byte) (n int, err error) {
	defer caught("Write", &err)
	return s.Conn.Write(p)
}

func (s *shield) Close() (err error) {
	defer caught("Close", &err)
	return s.Conn.Close()
}

// CloseWrite ends one direction, where the connection can.
func (s *shield) CloseWrite() (err error) {
	defer caught("CloseWrite", &err)
	return closeWrite(s.Conn)
}

func (s *shield) SetDeadline(t time.Time) (err error) {
	defer caught("SetDeadline", &err)
	return s.Conn.SetDeadline(t)
}

func (s *shield) SetReadDeadline(t time.Time) (err error) {
	defer caught("SetReadDeadline", &err)
	return s.Conn.SetReadDeadline(t)
}

func (s *shield) SetWriteDeadline(t time.Time) (err error) {
	defer caught("SetWriteDeadline", &err)
	return s.Conn.SetWriteDeadline(t)
}

// SetWriteBuffer sets what the kernel may hold, where there is one behind.
func (s *shield) SetWriteBuffer(bytes int) (err error) {
	defer caught("SetWriteBuffer", &err)
	if b, ok := s.Conn.(buffered); ok {
		return b.SetWriteBuffer(bytes)
	}
	return nil
}

func (s *shield) LocalAddr() net.Addr  { return addrOf(s.Conn.LocalAddr) }
func (s *shield) RemoteAddr() net.Addr { return addrOf(s.Conn.RemoteAddr) }

// NetConn is what is shielded: see Abort.
func (s *shield) NetConn() net.Conn { return s.Conn }

// buffered is a connection whose kernel's buffer can be set.
type buffered interface{ SetWriteBuffer(bytes int) error }

// addrOf asks for an address, and makes one up where that is not told.
func addrOf(ask func() net.Addr) (a net.Addr) {
	defer func() {
		if v := recover(); v != nil || a == nil {
			a = nowhere{}
		}
	}()
	return ask()
}

// nowhere is the address of those who tell none.
type nowhere struct{}

func (nowhere) Network() string { return "unknown" }
func (nowhere) String() string  { return "unknown" }
