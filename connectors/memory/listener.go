package memory

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// Errors that Dial and Listen wrap in a *net.OpError.
var (
	ErrRefused = errors.New("memory: nobody listens")
	ErrInUse   = errors.New("memory: already listening")
)

// backlog is how many clients may wait to be accepted.
const backlog = 128

// Addr names a listener, or one of its clients: "game", "game#17".
type Addr string

// Network is "memory".
func (Addr) Network() string { return "memory" }

func (a Addr) String() string { return string(a) }

// Listener is a net.Listener that Dial leads to, for connectors that take one.
type Listener struct {
	name    string
	buffer  int           // bytes that may wait in each way
	dialled atomic.Uint64 // clients so far; each has its number
	waiting chan *end     // server's ends
	done    chan struct{}
	once    sync.Once
}

// Listen makes a listener. The name is for people: two may have the same. In a
// synctest bubble it must be made there.
func Listen(name string) *Listener { return newListener(name, 0) }

const defaultBuffer = 64 << 10

// newListener makes one whose clients have buffers of so many bytes. Zero means the default.
func newListener(name string, buffer int) *Listener {
	if buffer <= 0 {
		buffer = defaultBuffer
	}
	return &Listener{
		name:    name,
		buffer:  buffer,
		waiting: make(chan *end, backlog),
		done:    make(chan struct{}),
	}
}

// Dial makes a new client and returns its end, which has a CloseWrite besides
// what a net.Conn has. It waits while many others wait to be accepted.
func (l *Listener) Dial() (net.Conn, error) {
	if l.closed() {
		return nil, opError("dial", l.name, ErrRefused)
	}
	server, client := newPipe(l, l.dialled.Add(1))
	select {
	case l.waiting <- server:
	case <-l.done:
		return nil, opError("dial", l.name, ErrRefused)
	}
	if l.closed() {
		l.refuse() // Close may have looked before our client waited
	}
	return client, nil
}

// Accept returns the server's end of the next client.
func (l *Listener) Accept() (net.Conn, error) {
	e, err := l.accept()
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (l *Listener) accept() (*end, error) {
	if l.closed() {
		return nil, opError("accept", l.name, net.ErrClosed)
	}
	select {
	case e := <-l.waiting:
		return e, nil
	case <-l.done:
		return nil, opError("accept", l.name, net.ErrClosed)
	}
}

// Close stops accepting and hangs up on those who wait for it. Further calls do
// nothing.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	l.refuse()
	return nil
}

// Addr is the listener's name.
func (l *Listener) Addr() net.Addr { return Addr(l.name) }

func (l *Listener) closed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// refuse hangs up on all that wait to be accepted.
func (l *Listener) refuse() {
	for {
		select {
		case e := <-l.waiting:
			e.Close()
		default:
			return
		}
	}
}

// listener makes Conns of what a Listener accepts.
type listener struct {
	*Listener
	packageTime time.Duration
	delivered   bool
}

func (l *listener) Accept() (connectors.Conn, error) {
	e, err := l.accept()
	if err != nil {
		return nil, err
	}
	if l.delivered {
		return &deliverer{conn: newConn(e, l.packageTime)}, nil
	}
	c := newConn(e, l.packageTime)
	return &c, nil
}

func clientAddr(name string, n uint64) Addr {
	return Addr(name + "#" + strconv.FormatUint(n, 10))
}

func opError(op, name string, err error) error {
	return &net.OpError{Op: op, Net: Addr("").Network(), Addr: Addr(name), Err: err}
}
