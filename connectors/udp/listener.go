package udp

import (
	"cmp"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
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
	waiting waiting

	// mu, not an actor: writers and whoever closes a client come here, too.
	mu      sync.Mutex
	conns   map[netip.AddrPort]*conn
	clients int // these, and those that are being refused
	halves  halves
	closed  bool // nobody accepts
	resting bool // nor is anybody there

	fresh   chan *conn
	sayings chan saying
	done    chan struct{} // closed by Close
	shut    chan struct{} // closed with the socket
	over    chan struct{} // closed when nothing is read any more
	silent  chan struct{} // closed when nothing is said any more
	gone    chan struct{} // closed by the reader, the last to end

	trouble atomic.Pointer[trouble] // the last
}

var (
	_ connectors.Listener = (*listener)(nil)
	_ connectors.Lingerer = (*listener)(nil)
	_ connectors.Health   = (*listener)(nil)
)

func newListener(c *Connector, pc net.PacketConn) (*listener, error) {
	d, err := newDoor(c)
	if err != nil {
		return nil, err
	}
	enlarge(pc, cmp.Or(c.Buffer, defaultBuffer))
	l := &listener{
		owner: c,
		sock:  openSocket(pc, pomelo.HeaderLen+max(c.pomelo.MaxHello, c.pomelo.MaxPackage)+1), // one too many, to be seen
		door:  d,
		crew:  newCrew(),

		payload: min(cmp.Or(c.Payload, defaultPayload), MaxDatagram),
		waiting: waiting{most: int64(cmp.Or(c.Waiting, defaultWaiting))},

		conns: map[netip.AddrPort]*conn{},
		halves: halves{
			most:  cmp.Or(c.HalfOpen, defaultHalf),
			lasts: c.pomelo.HandshakeTime,
			known: map[netip.AddrPort]*half{},
		},
		fresh:   make(chan *conn, maxFresh),
		sayings: make(chan saying, maxSayings),
		done:    make(chan struct{}),
		shut:    make(chan struct{}),
		over:    make(chan struct{}),
		silent:  make(chan struct{}),
		gone:    make(chan struct{}),
	}
	go l.speak()
	go l.run()
	return l, nil
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
			l.halves.undo(c.half)
		}
		return false
	}
	l.clients++
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
	l.clients--
	c.place.Leave(time.Now())
	l.rest()
}

// rest is called with mu held. It closes the socket when nobody needs it any more.
func (l *listener) rest() {
	if l.closed && l.clients == 0 && !l.resting {
		l.resting = true
		close(l.shut)
		l.sock.close()
	}
}

// send sends datagrams. Those that the system does not take are lost, as others on their way.
func (l *listener) send(to netip.AddrPort, pieces [][]byte) error {
	lost, err := l.sock.write(to, pieces)
	if lost > 0 {
		l.owner.counts.lost.Add(uint64(lost))
	}
	return err
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
	l.closed = true
	l.rest()
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

// Health is why nothing can be read now, or nil.
func (l *listener) Health() error {
	if t := l.trouble.Load(); t != nil && time.Now().Before(t.until) {
		return t.err
	}
	return nil
}

// Gone is closed when the socket is, and all goroutines have ended.
func (l *listener) Gone() <-chan struct{} { return l.gone }
