package stream

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// upgradeTime is how long the answer to an upgrade may take to be written.
const upgradeTime = 5 * time.Second

// Upgrader makes WebSockets of HTTP requests.
type Upgrader struct {
	pages origins
	ws    websocket.Upgrader
}

// Options are a WebSocket's.
type Options struct {
	// Slack is how long a message that has begun may take to be complete. Zero and
	// negative mean for ever.
	Slack time.Duration
	// Limit is the largest message accepted until SetReadLimit is called. Zero means
	// any.
	Limit int
	// Subprotocols are those that the client may ask for. One that asks for others only is refused, one
	// that asks for none comes in. Nil means any: the first that it asks for.
	Subprotocols []string
}

// NewUpgrader makes an Upgrader for the pages that may connect: hosts ("game.example",
// with the port if it has one) over http and https, whole origins
// ("https://game.example"), "null" for pages without one, or "*" for any. Empty means
// the host that is connected to. The error names an entry that can never match.
func NewUpgrader(origins []string) (*Upgrader, error) {
	pages, err := newOrigins(origins)
	if err != nil {
		return nil, err
	}
	return &Upgrader{pages, websocket.Upgrader{
		HandshakeTimeout: upgradeTime,
		WriteBufferPool:  &sync.Pool{}, // so that gorilla makes no buffer: it writes no frames
		Error:            func(w http.ResponseWriter, _ *http.Request, status int, why error) { Refuse(w, status, why) },
		CheckOrigin:      pages.allow,
	}}, nil
}

// Allow tells whether the page that asks may connect. Clients that are no browser send no
// Origin, and could send any.
func (u *Upgrader) Allow(r *http.Request) bool { return u.pages.allow(r) }

// IsUpgrade tells whether r asks for a WebSocket.
func IsUpgrade(r *http.Request) bool { return websocket.IsWebSocketUpgrade(r) }

// Refuse answers a request that cannot be upgraded, and closes.
func Refuse(w http.ResponseWriter, status int, why error) {
	w.Header().Set("Sec-Websocket-Version", "13")
	w.Header().Set("Connection", "close")
	http.Error(w, why.Error(), status)
}

// Upgrade answers r and makes a WebSocket of its connection. When it cannot, it has said why to
// the client too.
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request, o Options) (*WebSocket, error) {
	var header http.Header
	if asked := websocket.Subprotocols(r); len(asked) > 0 {
		p, ok := o.choose(asked)
		if !ok {
			Refuse(w, http.StatusBadRequest, errSubprotocol)
			return nil, errSubprotocol
		}
		header = http.Header{"Sec-Websocket-Protocol": {p}}
	}
	if t, ok := w.(taker); ok {
		b := lent.Get().(*bufio.ReadWriter)
		defer giveLent(b)
		w = lender{w, t, b}
	}
	ws, err := u.ws.Upgrade(w, r, header)
	if err != nil {
		return nil, err
	}
	s := &WebSocket{}
	s.Init(ws.NetConn(), o.Slack) // all that is left of ws
	s.SetReadLimit(o.Limit)
	return s, nil
}

// choose returns the first subprotocol that the client may have (P13.3).
func (o Options) choose(asked []string) (p string, ok bool) {
	for _, p := range asked {
		if o.Subprotocols == nil || slices.Contains(o.Subprotocols, p) {
			return p, true
		}
	}
	return "", false
}

var errSubprotocol = errors.New("none of the subprotocols asked for is spoken here")

// taker is a connection's ResponseWriter that can hand it over without buffers, as
// those of connectors/port can.
type taker interface{ Take() (net.Conn, error) }

// lender lends gorilla the buffers that it needs for an answer. It reads and writes no
// frames: when it has answered, nobody uses them any more.
type lender struct {
	http.ResponseWriter
	taker taker
	lent  *bufio.ReadWriter
}

// lentSize is what holds an answer, as a rule. With no more than half of it to read
// with, gorilla would make a buffer of its own.
const lentSize = 512

var lent = sync.Pool{New: func() any {
	return bufio.NewReadWriter(bufio.NewReaderSize(nil, lentSize), bufio.NewWriterSize(nil, lentSize))
}}

func giveLent(b *bufio.ReadWriter) {
	b.Reader.Reset(nil)
	b.Writer.Reset(nil)
	lent.Put(b)
}

// Hijack implements http.Hijacker.
func (l lender) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, err := l.taker.Take()
	if err != nil {
		return nil, nil, err
	}
	l.lent.Reader.Reset(c)
	l.lent.Writer.Reset(c)
	return c, l.lent, nil
}
