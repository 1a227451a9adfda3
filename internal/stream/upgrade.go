package stream

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// headBuffer is what gorilla keeps for reading heads: a control frame must fit.
const headBuffer = 128

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
		WriteBufferPool:  &sync.Pool{}, // so that nothing is kept: gorilla writes control frames only
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
	if p := websocket.Subprotocols(r); len(p) > 0 { // the first is echoed (P13.3)
		header = http.Header{"Sec-Websocket-Protocol": p[:1]}
	}
	h := &hijacker{ResponseWriter: w, slack: o.Slack}
	ws, err := u.ws.Upgrade(h, r, header)
	if err != nil {
		return nil, err
	}
	s := h.made
	s.ws = ws
	s.SetReadLimit(o.Limit)
	// Upgrade insists on a larger buffer; the reader it has kept gets ours.
	*s.heads = *bufio.NewReaderSize(under{s.conn, &s.Wire}, headBuffer)
	ws.SetPingHandler(s.ponged)
	ws.SetPongHandler(s.pong)
	ws.SetCloseHandler(ignoreClose)
	return s, nil
}

// ignoreClose leaves a client's close frame to be answered by Conn.Close.
func ignoreClose(int, string) error { return nil }

// hijacker puts a WebSocket's wire between gorilla and the connection.
type hijacker struct {
	http.ResponseWriter
	slack time.Duration
	made  *WebSocket
}

// minReader is the least a hijacked reader must hold for Upgrade to keep it.
const minReader = 257

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.made = &WebSocket{}
	h.made.Init(c, h.slack)
	u := under{c, &h.made.Wire}
	if rw.Reader.Buffered() == 0 { // else Upgrade refuses: it looks
		h.made.heads = bufio.NewReaderSize(u, minReader)
		rw.Reader = h.made.heads
	}
	return u, rw, nil
}

// under is a wire as gorilla reads and writes it.
type under struct {
	net.Conn
	w *Wire
}

// Read gives what is there, or waits.
func (u under) Read(p []byte) (int, error) {
	w := u.w
	if len(w.rest) == 0 {
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// Write writes all of p.
func (u under) Write(p []byte) (int, error) { return len(p), u.w.Write(p) }

// SetWriteDeadline is called by gorilla before its own writes.
func (u under) SetWriteDeadline(t time.Time) error { return u.w.SetWriteDeadline(t) }
