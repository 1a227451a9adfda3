//go:build linux

package stress_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// peer is one client.
type peer struct {
	crowd *crowd
	way   way
	conn  net.Conn
	beats atomic.Int64 // pushes received

	mu      sync.Mutex // the reader and the load
	next    uint32
	newest  uint32 // id that has been answered
	pending map[uint32]struct{}
	ended   bool
	err     error
	kicked  string // the reason of a kick
	out     []byte
}

// readSize is what a client holds to read with.
const readSize = 2 << 10

// read is a client's own goroutine.
func (p *peer) read() {
	buf, n := make([]byte, readSize), 0
	for {
		got, err := p.conn.Read(buf[n:])
		now := time.Now()
		n += got
		rest := p.packages(buf[:n], now)
		if n = copy(buf, rest); n == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
		if err != nil {
			p.end(err)
			return
		}
	}
}

// packages handles all that are whole, and returns the rest.
func (p *peer) packages(b []byte, now time.Time) []byte {
	for len(b) >= pomelo.HeaderLen {
		n := pomelo.HeaderLen + bodyLen(b)
		if len(b) < n {
			break
		}
		switch b[0] {
		case pomelo.TypeData:
			p.message(b[pomelo.HeaderLen:n], now)
		case pomelo.TypeKick:
			p.mu.Lock()
			p.kicked = string(b[pomelo.HeaderLen:n])
			p.mu.Unlock()
		}
		b = b[n:]
	}
	return b
}

func (p *peer) message(b []byte, now time.Time) {
	m, ok := parse(b)
	switch {
	case !ok:
		p.crowd.wrong.Add(1)
	case m.typ == push:
		p.beats.Add(1)
		p.crowd.beat.note(stampOf(m.body), now)
	default:
		p.answered(m, now)
	}
}

func (p *peer) answered(m message, now time.Time) {
	p.mu.Lock()
	_, asked := p.pending[m.id]
	delete(p.pending, m.id)
	p.newest = max(p.newest, m.id)
	p.mu.Unlock()
	switch at := stampOf(m.body); {
	case !asked:
		p.crowd.wrong.Add(1)
	case at != 0:
		p.crowd.answer.note(at, now)
	case strings.HasPrefix(string(m.body), `{"code"`):
		p.crowd.refused.Add(1)
	}
}

// end is how a connection ends, wanted or not.
func (p *peer) end(err error) {
	_ = p.conn.Close()
	p.mu.Lock()
	p.ended, p.err = true, err
	p.mu.Unlock()
	w := p.crowd
	if w.leaving.Load() {
		return
	}
	w.lost.Add(1)
	if w.again.Load() {
		w.comeBack(p.way.no)
	}
}

// ask sends a request. One to a connection that has ended is none.
func (p *peer) ask(route string, body []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.next++
	p.pending[p.next] = struct{}{}
	p.out = appendRequest(p.out[:0], p.next, route, body)
	_, _ = p.conn.Write(p.out) // that it has ended, the reader says
	return true
}

// unanswered counts what is asked and not answered, of connections that live.
func (p *peer) unanswered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return 0
	}
	return len(p.pending)
}

// told is the reason that the server gave for ending: the body of a kick, or the WebSocket
// close code.
func (p *peer) told() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var closed *websocket.CloseError
	switch {
	case p.kicked != "":
		return p.kicked
	case errors.As(p.err, &closed):
		return fmt.Sprintf("close %d", closed.Code)
	}
	return ""
}
