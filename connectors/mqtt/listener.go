package mqtt

import (
	"errors"
	"net"
	"net/http"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/internal/stream"
	"github.com/fairlead-go/fairlead/messages"
)

// firstByte begins every conversation: it is a CONNECT's.
const firstByte = 0x10

// maxUpgraded is how many upgraded clients may wait to be accepted.
const maxUpgraded = 1024

var errBusy = errors.New("too many clients on their way in")

// subprotocols are those of WebSockets that carry MQTT.
var subprotocols = []string{"mqtt", "mqttv3.1"}

// listener is where clients of both kinds come out.
type listener struct {
	*stream.Door
	settings *settings
	path     string
	upgrader *stream.Upgrader
	upgraded chan struct{} // one for each that waits
}

func newListener(c *Connector) (*listener, error) {
	upgrader, err := stream.NewUpgrader(c.Origins)
	if err != nil {
		return nil, err
	}
	return &listener{stream.NewDoor(), c.config(), c.path(), upgrader, make(chan struct{}, maxUpgraded)}, nil
}

func (c *Connector) path() string {
	if c.Path == "" && c.Port != nil {
		return "/mqtt"
	}
	return c.Path
}

// claim is the listener's part of a port.
func (l *listener) claim() port.Claim {
	return port.Claim{
		Bytes:   []byte{firstByte},
		Conn:    func(c net.Conn) { l.offer(newByteStream(c, l.settings)) },
		Path:    l.path,
		Upgrade: true,
		Handler: l,
	}
}

// ServeHTTP upgrades a client.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case l.upgraded <- struct{}{}:
		defer func() { <-l.upgraded }()
	default:
		stream.Refuse(w, http.StatusServiceUnavailable, errBusy)
		return
	}
	ws, err := l.upgrader.Upgrade(w, r, stream.Options{Slack: l.settings.packetTime, Limit: messageLimit(l.settings.strangers()), Subprotocols: subprotocols})
	if err == nil { // else it has been answered
		l.offer(newWebSocket(ws, l.settings))
	}
}

// offer waits until c is accepted.
func (l *listener) offer(c connectors.Conn) {
	if !l.Offer(c) {
		c.Close(connectors.Reason{Cause: messages.CauseStopping})
	}
}
