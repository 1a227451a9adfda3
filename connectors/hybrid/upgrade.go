package hybrid

import (
	"bufio"
	"errors"
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

var errBusy = errors.New("too many clients on their way in")

func newUpgrader(pages origins) *websocket.Upgrader {
	return &websocket.Upgrader{
		HandshakeTimeout: upgradeTime,
		WriteBufferPool:  &sync.Pool{}, // so that nothing is kept: gorilla writes control frames only
		Error:            refuse,
		CheckOrigin:      pages.allow,
	}
}

// refuse answers a request that cannot be upgraded, and closes.
func refuse(w http.ResponseWriter, _ *http.Request, status int, reason error) {
	w.Header().Set("Sec-Websocket-Version", "13")
	w.Header().Set("Connection", "close")
	http.Error(w, reason.Error(), status)
}

// upgrade answers r and makes a webSocket of its connection, or says why not.
func (l *listener) upgrade(w http.ResponseWriter, r *http.Request) (*webSocket, error) {
	var header http.Header
	if p := websocket.Subprotocols(r); len(p) > 0 { // the first is echoed (P13.3)
		header = http.Header{"Sec-Websocket-Protocol": p[:1]}
	}
	h := &hijacker{ResponseWriter: w, slack: l.slack}
	ws, err := l.upgrader.Upgrade(h, r, header)
	if err != nil {
		return nil, err
	}
	s := h.made
	s.ws = ws
	s.limit.Store(l.hello)
	// Upgrade insists on a larger buffer; the reader it has kept gets ours.
	*s.heads = *bufio.NewReaderSize(&s.wire, headBuffer)
	ws.SetPingHandler(s.ponged)
	ws.SetPongHandler(s.pong)
	ws.SetCloseHandler(ignoreClose)
	return s, nil
}

// ignoreClose leaves a client's close frame to be answered by Conn.Close.
func ignoreClose(int, string) error { return nil }

// hijacker puts a webSocket's wire between gorilla and the connection.
type hijacker struct {
	http.ResponseWriter
	slack time.Duration
	made  *webSocket
}

// minReader is the least a hijacked reader must hold for Upgrade to keep it.
const minReader = 257

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.made = &webSocket{}
	h.made.wire.init(c, h.slack)
	if rw.Reader.Buffered() == 0 { // else Upgrade refuses: it looks
		h.made.heads = bufio.NewReaderSize(&h.made.wire, minReader)
		rw.Reader = h.made.heads
	}
	return &h.made.wire, rw, nil
}
