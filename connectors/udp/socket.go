package udp

import (
	"errors"
	"net"
	"net/netip"
)

// datagram is one that has come.
type datagram struct {
	data []byte
	from netip.AddrPort
}

// socket is what datagrams come and go by. One goroutine reads; any number write.
type socket interface {
	// read waits for datagrams and returns those that are there. They are valid until the
	// next call. Of one that is longer than was said when the socket was opened the end is missing.
	read() ([]datagram, error)
	// write sends each piece as a datagram, and tells how many of them the system did not take. The
	// only error is net.ErrClosed.
	write(to netip.AddrPort, pieces [][]byte) (lost int, err error)
	local() net.Addr
	close() error
}

// openSocket is the best that pc allows, for datagrams of up to so many bytes.
func openSocket(pc net.PacketConn, most int) socket {
	if c, ok := pc.(*net.UDPConn); ok {
		return openUDP(c, most)
	}
	return &anySocket{PacketConn: pc, most: most, buf: make([]byte, longest)}
}

// longest takes every datagram there is. One that its buffer does not take is an error on some systems, of
// which a stranger could make many.
const longest = 1 << 16

// enlarge asks the kernel for buffers of a size. It gives what it allows, and what that is,
// is the operator's to know: nothing fails here.
func enlarge(pc net.PacketConn, size int) {
	c, ok := pc.(interface {
		SetReadBuffer(bytes int) error
		SetWriteBuffer(bytes int) error
	})
	if ok && size > 0 {
		_ = c.SetReadBuffer(size)
		_ = c.SetWriteBuffer(size)
	}
}

// anySocket is what somebody else has made.
type anySocket struct {
	net.PacketConn
	most int
	buf  []byte
	got  [1]datagram
}

func (s *anySocket) read() ([]datagram, error) {
	n, from, err := s.ReadFrom(s.buf)
	if err != nil {
		return nil, err
	}
	s.got[0] = datagram{s.buf[:min(n, s.most)], peerOf(from)}
	return s.got[:], nil
}

func (s *anySocket) write(to netip.AddrPort, pieces [][]byte) (lost int, err error) {
	addr := net.UDPAddrFromAddrPort(to)
	return writeEach(pieces, func(b []byte) error {
		_, err := s.WriteTo(b, addr)
		return err
	})
}

// writeEach goes on behind a piece that the system does not take: it may be too long for it, and the
// others not.
func writeEach(pieces [][]byte, write func([]byte) error) (lost int, err error) {
	for _, b := range pieces {
		switch err := write(b); {
		case errors.Is(err, net.ErrClosed):
			return lost, net.ErrClosed
		case err != nil:
			lost++
		}
	}
	return lost, nil
}

func (s *anySocket) local() net.Addr { return s.LocalAddr() }
func (s *anySocket) close() error    { return s.Close() }

// udpSocket is one of the system's, read one by one.
type udpSocket struct {
	*net.UDPConn
	most int
	buf  []byte
	got  [1]datagram
}

func (s *udpSocket) read() ([]datagram, error) {
	n, from, err := s.ReadFromUDPAddrPort(s.buf)
	if err != nil {
		return nil, err
	}
	s.got[0] = datagram{s.buf[:min(n, s.most)], plain(from)}
	return s.got[:], nil
}

func (s *udpSocket) write(to netip.AddrPort, pieces [][]byte) (lost int, err error) {
	return writeEach(pieces, func(b []byte) error {
		_, err := s.WriteToUDPAddrPort(b, to)
		return err
	})
}

func (s *udpSocket) local() net.Addr { return s.LocalAddr() }
func (s *udpSocket) close() error    { return s.Close() }

// peerOf is the address and port in a, not valid when there are none.
func peerOf(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return plain(u.AddrPort())
}

// plain makes one of the two ways to write an address of IPv4 in IPv6.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
