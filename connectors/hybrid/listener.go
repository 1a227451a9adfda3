package hybrid

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/internal/stream"
	"github.com/fairlead-go/fairlead/messages"
)

// maxUpgraded is how many upgraded clients may wait to be accepted.
const maxUpgraded = 1024

var errBusy = errors.New("too many clients on their way in")

// listener is where clients of both kinds come out. They are told apart, and
// upgraded, on goroutines of the port, which wait here until they are accepted.
type listener struct {
	slack    time.Duration // Connector.PackageTime
	hello    int           // the first read limit, until the Protocol sets its own
	http     http.Handler  // Connector.HTTP
	upgrader *stream.Upgrader
	share    *port.Share

	conns    chan connectors.Conn
	upgraded chan struct{} // one for each that waits
	errs     chan error
	done     chan struct{}
	once     sync.Once
	err      error
}

var (
	_ connectors.Listener = (*listener)(nil)
	_ connectors.Health   = (*listener)(nil)
)

func newListener(c *Connector) (*listener, error) {
	upgrader, err := stream.NewUpgrader(c.Origins)
	if err != nil {
		return nil, err
	}
	l := &listener{
		slack:    c.PackageTime,
		hello:    pomelo.HeaderLen + c.pomeloConfig().MaxHello,
		http:     c.HTTP,
		upgrader: upgrader,
		conns:    make(chan connectors.Conn),
		upgraded: make(chan struct{}, maxUpgraded),
		errs:     make(chan error, 1),
		done:     make(chan struct{}),
	}
	if l.slack == 0 {
		l.slack = defaultPackageTime
	}
	return l, nil
}

// claim is the listener's part of a port: the types of pomelo's packages, and
// HTTP on any path.
func (l *listener) claim() port.Claim {
	return port.Claim{
		Bytes:   []byte{pomelo.TypeHandshake, pomelo.TypeAck, pomelo.TypeHeartbeat, pomelo.TypeData, pomelo.TypeKick},
		Conn:    func(c net.Conn) { l.offer(l.newByteStream(c)) },
		Upgrade: l.http == nil,
		Handler: l,
		Fail:    l.fail,
	}
}

// ServeHTTP upgrades a client, or leaves the request to the user's handler.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.http != nil && !stream.IsUpgrade(r) {
		l.http.ServeHTTP(w, r)
		return
	}
	select {
	case l.upgraded <- struct{}{}:
		defer func() { <-l.upgraded }()
	default:
		stream.Refuse(w, http.StatusServiceUnavailable, errBusy)
		return
	}
	ws, err := l.upgrader.Upgrade(w, r, stream.Options{Slack: l.slack, Limit: l.hello})
	if err == nil { // else it has been answered
		l.offer(&webSocket{ws})
	}
}

// offer waits until c is accepted.
func (l *listener) offer(c connectors.Conn) {
	select {
	case l.conns <- c:
	case <-l.done:
		c.Close(connectors.Reason{Cause: messages.CauseStopping})
	}
}

func (l *listener) fail(err error) {
	select {
	case l.errs <- err:
	default: // one that nobody has asked for yet is enough
	}
}

// Accept returns the next client, or the first in a row of accept errors: the
// port goes on trying by itself.
func (l *listener) Accept() (connectors.Conn, error) {
	select {
	case <-l.done: // first of all, though a client may wait as well
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

// Close stops accepting, and closes the port if nobody else uses it.
func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.err = l.share.Close()
	})
	return l.err
}

func (l *listener) Addr() net.Addr { return l.share.Addr() }

// Health is why clients cannot come in now, or nil.
func (l *listener) Health() error { return l.share.Health() }
