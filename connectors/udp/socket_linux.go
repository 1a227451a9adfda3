package udp

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
)

// readAtOnce is how many datagrams one system call brings.
const readAtOnce = 16

// batchSocket reads and writes several datagrams with one system call.
type batchSocket struct {
	*udpSocket
	batch *ipv4.PacketConn // for both families: only their options differ
	in    []ipv4.Message
	got   []datagram
}

func openUDP(c *net.UDPConn, most int) socket {
	s := &batchSocket{
		udpSocket: &udpSocket{UDPConn: c}, // which only writes
		batch:     ipv4.NewPacketConn(c),
		in:        make([]ipv4.Message, readAtOnce),
		got:       make([]datagram, 0, readAtOnce),
	}
	for i := range s.in {
		s.in[i].Buffers = [][]byte{make([]byte, most)}
	}
	return s
}

func (s *batchSocket) read() ([]datagram, error) {
	n, err := s.batch.ReadBatch(s.in, 0)
	if err != nil {
		return nil, err
	}
	s.got = s.got[:0]
	for i := range s.in[:n] {
		m := &s.in[i]
		s.got = append(s.got, datagram{m.Buffers[0][:m.N], peerOf(m.Addr)})
	}
	return s.got, nil
}

// write does not batch a lone piece, nearly all there are: it would cost allocations.
func (s *batchSocket) write(to netip.AddrPort, pieces [][]byte) (lost int, err error) {
	if len(pieces) == 1 {
		return s.udpSocket.write(to, pieces)
	}
	out := make([]ipv4.Message, len(pieces))
	addr := net.UDPAddrFromAddrPort(to)
	for i := range pieces {
		out[i] = ipv4.Message{Buffers: pieces[i : i+1], Addr: addr}
	}
	for len(out) > 0 {
		n, err := s.batch.WriteBatch(out, 0)
		switch {
		case errors.Is(err, net.ErrClosed):
			return lost, net.ErrClosed
		case err != nil: // the first one is not taken
			lost++
			n = 1
		}
		out = out[n:]
	}
	return lost, nil
}
