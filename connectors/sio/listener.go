package sio

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/internal/stream"
)

// listener is where sessions come out. Each client has an engine, found by its sid; a session is a
// seat on it.
type listener struct {
	settings
	path       string
	cookie     string
	namespaces map[string]bool
	ask        func(*http.Request) error
	upgrader   *stream.Upgrader
	share      *port.Share
	log        *slog.Logger
	refused    *atomic.Uint64

	conns chan connectors.Conn
	errs  chan error
	done  chan struct{} // closed: no newcomers
	gone  chan struct{} // closed: nothing of the listener is left

	mu      sync.Mutex // requests of many clients meet here, each for the time of a look-up
	engines map[string]*engine
	polling int                // engines that poll
	idle    int                // engines without a session
	from    map[netip.Addr]int // of these, by address
	serving int                // requests
	closed  bool
	ended   bool
}

var (
	_ connectors.Listener = (*listener)(nil)
	_ connectors.Health   = (*listener)(nil)
	_ connectors.Lingerer = (*listener)(nil)
)

func (c *Connector) listener() (*listener, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	origins := c.Origins
	if len(origins) == 0 {
		origins = []string{"*"}
	}
	upgrader, err := stream.NewUpgrader(origins)
	if err != nil {
		return nil, err
	}
	l := &listener{
		settings: c.settings(),
		path:     cmp.Or(c.Path, "/socket.io/"),
		cookie:   c.Cookie,
		ask:      c.Check,
		upgrader: upgrader,
		log:      logger(c.Logger),
		refused:  &c.refused,
		conns:    make(chan connectors.Conn),
		errs:     make(chan error, 1),
		done:     make(chan struct{}),
		gone:     make(chan struct{}),
		engines:  map[string]*engine{},
		from:     map[netip.Addr]int{},
	}
	l.namespaces = map[string]bool{"/": true}
	for _, n := range c.Namespaces {
		l.namespaces[n] = true
	}
	return l, nil
}

// claim is the listener's part of a port: all requests below its path.
func (l *listener) claim() port.Claim {
	return port.Claim{Path: l.path, Handler: l, Fail: l.fail}
}

// offer waits until s is accepted, and tells whether it was. One whose client has left meanwhile is
// accepted, too, and ends then.
func (l *listener) offer(s *seat) bool {
	select {
	case l.conns <- s:
		return true
	case <-l.done:
		return false
	}
}

func (l *listener) fail(err error) {
	select {
	case l.errs <- err:
	default: // one that nobody has asked for yet is enough
	}
}

// Accept returns the next session, or the first in a row of accept errors: the port goes on trying by
// itself.
func (l *listener) Accept() (connectors.Conn, error) {
	select {
	case <-l.done: // first of all, though a session may wait as well
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-l.conns:
		return c, nil
	case err := <-l.errs:
		return nil, fmt.Errorf("accept on %s: %w", l.Addr(), err)
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close refuses newcomers. The port is given back when the last client that polls has gone: each of its
// requests may come over a new connection.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	close(l.done)
	idle := make([]*engine, 0, l.idle)
	for _, e := range l.engines {
		idle = append(idle, e)
	}
	l.mu.Unlock()
	for _, e := range idle {
		e.dismiss()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mayEnd()
	return nil
}

// closing tells whether newcomers are refused.
func (l *listener) closing() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// Gone is closed when nothing of the listener is left.
func (l *listener) Gone() <-chan struct{} { return l.gone }

func (l *listener) Addr() net.Addr { return l.share.Addr() }

// Health is why clients cannot come in now, or nil.
func (l *listener) Health() error { return l.share.Health() }

// enter counts a request in.
func (l *listener) enter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serving++
}

// leave counts a request out, whose answer has been written.
func (l *listener) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serving--
	l.mayEnd()
}

// mayEnd is called with mu held. It gives the port back when nobody needs it any more.
func (l *listener) mayEnd() {
	if !l.closed || l.ended || l.serving > 0 || l.polling > 0 {
		return
	}
	l.ended = true
	go func() {
		defer close(l.gone)
		if err := l.share.Close(); err != nil {
			l.log.Warn("port not closed", "error", err)
		}
	}()
}

// reserve takes the place of an engine, or tells why there is none.
// Nobody gets all: an address may hold a quarter of those without a session.
func (l *listener) reserve(from netip.Addr, polling bool) *refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return draining
	}
	if l.maxIdle >= 0 && (l.idle >= l.maxIdle || l.from[from] >= (l.maxIdle+3)/4) || polling && l.maxPolling >= 0 && l.polling >= l.maxPolling {
		l.refused.Add(1)
		return tooMany
	}
	l.count(from, 1)
	if polling {
		l.polling++
	}
	return nil
}

// release gives the place of an engine back that did not come to be, on a WebSocket.
func (l *listener) release(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count(from, -1)
}

// count is called with mu held. It counts engines without a session.
func (l *listener) count(from netip.Addr, by int) {
	l.idle += by
	if l.from[from] += by; l.from[from] == 0 {
		delete(l.from, from)
	}
}

// add makes an engine be found by its sid, unless newcomers are refused by now.
func (l *listener) add(e *engine) {
	l.mu.Lock()
	l.engines[e.sid] = e
	closed := l.closed
	l.mu.Unlock()
	if closed {
		e.dismiss()
	}
}

func (l *listener) find(sid string) *engine {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.engines[sid]
}

func (l *listener) stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{Clients: len(l.engines), Polling: l.polling, Idle: l.idle}
}

// changed counts an engine whose state is another one now.
func (l *listener) changed(e *engine, idle, polling int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if idle != 0 {
		l.count(admit.AddrOf(e.remote), idle)
	}
	l.polling += polling
	l.mayEnd()
}

// forget lets go of an engine, and tells whether it was known.
func (l *listener) forget(e *engine) (known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known = l.engines[e.sid]
	delete(l.engines, e.sid)
	return known
}

// newID is a secret that nobody guesses: 18 random bytes.
func newID() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
