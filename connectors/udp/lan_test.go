package udp_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// lan is a network in memory with one server, whose net.PacketConn it is. Datagrams for which there
// is no room are lost.
type lan struct {
	in     chan parcel
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	peers map[netip.AddrPort]*peer
	sent  map[netip.AddrPort]int // bytes to each
	lose  func(to netip.AddrPort, b []byte) bool
}

type parcel struct {
	data []byte
	from netip.AddrPort
}

const lanRoom = 1024

func newLan() *lan {
	return &lan{
		in: make(chan parcel, lanRoom), closed: make(chan struct{}),
		peers: map[netip.AddrPort]*peer{}, sent: map[netip.AddrPort]int{},
	}
}

// send sends the server a datagram from wherever.
func (l *lan) send(from netip.AddrPort, b string) {
	select {
	case l.in <- parcel{[]byte(b), from}:
	case <-l.closed:
	}
}

func (l *lan) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-l.in:
		return copy(b, p.data), net.UDPAddrFromAddrPort(p.from), nil
	case <-l.closed:
		return 0, nil, net.ErrClosed
	}
}

func (l *lan) WriteTo(b []byte, to net.Addr) (int, error) {
	at := to.(*net.UDPAddr).AddrPort()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[at] += len(b)
	if p := l.peers[at]; p != nil && (l.lose == nil || !l.lose(at, b)) {
		select {
		case p.in <- append([]byte(nil), b...):
		default:
		}
	}
	return len(b), nil
}

// to is how many bytes were sent to an address.
func (l *lan) to(a netip.AddrPort) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent[a]
}

func (l *lan) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *lan) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(serverAddr) }
func (l *lan) SetDeadline(time.Time) error      { return nil }
func (l *lan) SetReadDeadline(time.Time) error  { return nil }
func (l *lan) SetWriteDeadline(time.Time) error { return nil }

var serverAddr = netip.MustParseAddrPort("192.0.2.1:3010")

// host is the address of a client.
func host(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)}), 4000)
}

// peer is a client's end.
type peer struct {
	lan      *lan
	addr     netip.AddrPort
	in       chan []byte
	deadline time.Time // of the goroutine that reads
	gone     chan struct{}
	once     sync.Once
}

func (l *lan) join(a netip.AddrPort) *peer {
	p := &peer{lan: l, addr: a, in: make(chan []byte, lanRoom), gone: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peers[a] = p
	return p
}

// dial is for client.Config.
func (l *lan) dial(a netip.AddrPort) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return l.join(a), nil }
}

func (p *peer) Read(b []byte) (int, error) {
	var over <-chan time.Time
	if !p.deadline.IsZero() {
		t := time.NewTimer(time.Until(p.deadline))
		defer t.Stop()
		over = t.C
	}
	select {
	case got := <-p.in:
		return copy(b, got), nil
	case <-over:
		return 0, os.ErrDeadlineExceeded
	case <-p.gone:
		return 0, net.ErrClosed
	}
}

func (p *peer) Write(b []byte) (int, error) {
	p.lan.send(p.addr, string(b))
	return len(b), nil
}

func (p *peer) Close() error {
	p.once.Do(func() { close(p.gone) })
	return nil
}

func (p *peer) LocalAddr() net.Addr                { return net.UDPAddrFromAddrPort(p.addr) }
func (p *peer) RemoteAddr() net.Addr               { return p.lan.LocalAddr() }
func (p *peer) SetDeadline(time.Time) error        { return nil }
func (p *peer) SetReadDeadline(t time.Time) error  { p.deadline = t; return nil }
func (p *peer) SetWriteDeadline(t time.Time) error { return nil }
