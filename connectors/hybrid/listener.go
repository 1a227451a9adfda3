package hybrid

import (
	"errors"
	"net"
	"net/http"
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
	*stream.Door
	slack    time.Duration // Connector.PackageTime
	hello    int           // the first read limit, until the Protocol sets its own
	http     http.Handler  // Connector.HTTP
	upgrader *stream.Upgrader
	upgraded chan struct{} // one for each that waits
}

func newListener(c *Connector) (*listener, error) {
	upgrader, err := stream.NewUpgrader(c.Origins)
	if err != nil {
		return nil, err
	}
	l := &listener{
		Door:     stream.NewDoor(),
		slack:    c.PackageTime,
		hello:    pomelo.HeaderLen + c.pomeloConfig().MaxHello,
		http:     c.HTTP,
		upgrader: upgrader,
		upgraded: make(chan struct{}, maxUpgraded),
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
		l.offer(newWebSocket(ws))
	}
}

// offer waits until c is accepted.
func (l *listener) offer(c connectors.Conn) {
	if !l.Offer(c) {
		c.Close(connectors.Reason{Cause: messages.CauseStopping})
	}
}
