package udp

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// maxFresh is how many clients may wait to be accepted.
const maxFresh = 1024

// listener is one socket and its clients. It goes on without Accept until the last of them
// has gone. Its reader goroutine alone adds clients and uses door.
type listener struct {
	owner *Connector
	sock  socket
	door  *door
	crew  *crew
	// payload is Connector.Payload.
	payload int

	// mu, not an actor: writers and whoever closes a client come here, too.
	mu     sync.Mutex
	conns  map[netip.AddrPort]*conn
	halves halves
	closed bool

	fresh chan *conn
	done  chan struct{} // closed by Close
	gone  chan struct{} // closed when the reader has ended
}

var (
	_ connectors.Listener = (*listener)(nil)
	_ connectors.Lingerer = (*listener)(nil)
)

func newListener(c *Connector, pc net.PacketConn) (*listener, error) {
	d, err := newDoor(c)
	if err != nil {
		return nil, err
	}
	enlarge(pc, orElse(c.Buffer, defaultBuffer))
	l := &listener{
		owner: c,
		sock:  openSocket(pc, pomelo.HeaderLen+c.pomelo.MaxPackage+1), // one too many, to be seen
		door:  d,
		crew:  newCrew(),

		payload: min(orElse(c.Payload, defaultPayload), MaxDatagram),

		conns: map[netip.AddrPort]*conn{},
		halves: halves{
			most:  orElse(c.HalfOpen, defaultHalf),
			lasts: c.pomelo.HandshakeTime,
			known: map[netip.AddrPort]*half{},
		},
		fresh: make(chan *conn, maxFresh),
		done:  make(chan struct{}),
		gone:  make(chan struct{}),
	}
	go l.run()
	return l, nil
}

// run is the reader's goroutine.
func (l *listener) run() {
	defer close(l.gone)
	defer l.crew.close()
	for failures := 0; ; {
		got, err := l.sock.read()
		switch {
		case err == nil:
			failures = 0
			l.hearAll(got, time.Now())
		case errors.Is(err, net.ErrClosed):
			return
		default:
			failures++
			l.failed(err, failures)
		}
	}
}

// failed waits a moment after an error, which may be about a single client.
func (l *listener) failed(err error, inARow int) {
	l.owner.counts.failed.Add(1)
	if inARow == 1 && l.owner.Logger != nil {
		l.owner.Logger.Warn("read failed, and is tried again", "connector", l.owner.Name(), "addr", l.Addr(), "error", err)
	}
	pause := time.NewTimer(min(time.Duration(inARow)*time.Millisecond, time.Second))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-l.done:
	}
}

func (l *listener) hearAll(got []datagram, now time.Time) {
	for i := range got {
		d := &got[i]
		if c := l.find(d.from); c != nil {
			c.hear(d.data)
		} else {
			l.stranger(*d, now)
		}
	}
}

func (l *listener) find(peer netip.AddrPort) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns[peer]
}

// stranger makes a client of a stranger, or answers at once, or does not (P19.2).
func (l *listener) stranger(d datagram, now time.Time) {
	answer, verdict := l.door.knock(d, now)
	switch {
	case answer != nil:
		l.send(d.from, [][]byte{answer})
	case verdict == away, !l.enter(d, verdict == proven, now):
		l.owner.counts.unanswered.Add(1)
	}
}

// enter makes a client of whoever said d, if there is room.
func (l *listener) enter(d datagram, proven bool, now time.Time) bool {
	c := &conn{l: l, peer: d.from}
	if !l.admit(c, proven, now) {
		return false
	}
	select {
	case l.fresh <- c:
	default: // nobody accepts
		l.owner.counts.refused.Add(1)
		l.leave(c)
		return false
	}
	c.hear(d.data)
	if l.isClosed() {
		l.refuse() // Close may have looked before our client waited
	}
	return true
}

// admit counts a client in.
func (l *listener) admit(c *conn, proven bool, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if !proven {
		if c.half = l.halves.enter(c.peer, now); c.half == nil {
			l.owner.counts.refused.Add(1)
			return false
		}
	}
	if l.owner.gate.Enter(&c.place, c.peer.Addr(), now) != admit.None {
		if c.half != nil {
			c.half.clients--
		}
		return false
	}
	l.conns[c.peer] = c
	return true
}

// prove notes that a client's address is its own.
func (l *listener) prove(h *half) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.halves.drop(h)
}

// spend takes n bytes off what may go to an address that is not proven.
func (l *listener) spend(h *half, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.left < n {
		return false
	}
	h.left -= n
	return true
}

// forget makes a stranger of a client that is being refused: it may come again at once.
func (l *listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(c)
}

// drop is called with mu held.
func (l *listener) drop(c *conn) {
	if l.conns[c.peer] == c {
		delete(l.conns, c.peer)
	}
}

// leave counts a client out. The last one closes the socket, once nobody accepts.
func (l *listener) leave(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(c)
	if c.half != nil {
		c.half.clients--
	}
	c.place.Leave(time.Now())
	if l.closed && len(l.conns) == 0 {
		l.sock.close()
	}
}

// send sends datagrams. Those that the system does not take are lost, as others on their way.
func (l *listener) send(to netip.AddrPort, pieces [][]byte) error {
	err := l.sock.write(to, pieces)
	if errors.Is(err, net.ErrClosed) {
		return err
	}
	if err != nil {
		l.owner.counts.lost.Add(1)
	}
	return nil
}

// Accept returns the next client.
func (l *listener) Accept() (connectors.Conn, error) {
	if l.isClosed() {
		return nil, net.ErrClosed
	}
	select {
	case c := <-l.fresh:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close stops accepting. The socket is closed when the last client has gone.
func (l *listener) Close() error {
	l.mu.Lock()
	first := !l.closed
	if l.closed = true; first && len(l.conns) == 0 {
		l.sock.close()
	}
	l.mu.Unlock()
	if first {
		close(l.done)
	}
	l.refuse()
	return nil
}

// refuse lets go of those who wait to be accepted.
func (l *listener) refuse() {
	for {
		select {
		case c := <-l.fresh:
			c.Close(connectors.Reason{Cause: messages.CauseStopping})
		default:
			return
		}
	}
}

func (l *listener) isClosed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// Addr is the socket's.
func (l *listener) Addr() net.Addr { return l.sock.local() }

// Gone is closed when the socket is, and all goroutines have ended.
func (l *listener) Gone() <-chan struct{} { return l.gone }
