package actortest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

var _ connectors.Conn = (*line)(nil)

type (
	answer = messages.Response
	push   = messages.Push
)

// welcome is what the server says to a client that comes in.
type welcome struct {
	user []byte
	err  error // why it may not
}

// line is both ends of a client's wire: what the server writes is sorted to those who wait for it.
type line struct {
	who  Who
	addr addr

	sent  chan []byte   // requests
	left  chan struct{} // closed: no more come
	leave sync.Once

	welcome chan welcome
	pushes  chan *push
	kick    atomic.Pointer[messages.Kick]
	gone    chan struct{} // closed by Close
	hangUp  sync.Once

	mu      sync.Mutex // callers that wait meet here, not actors
	answers map[uint64]chan<- *answer
}

// send sends a request to the server.
func (l *line) send(r *messages.Request) error {
	b, err := proto.Marshal(r)
	if err != nil {
		return err
	}
	select {
	case <-l.left:
		return ErrGone
	default:
	}
	select {
	case l.sent <- b:
		return nil
	case <-l.left:
	case <-l.gone:
	}
	return ErrGone
}

// expect is where the answer to a request comes.
func (l *line) expect(id uint64) <-chan *answer {
	c := make(chan *answer, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[id] = c
	return c
}

// ReadFrames gives one request at a time.
func (l *line) ReadFrames() ([]connectors.Frame, error) {
	select {
	case b := <-l.sent:
		return []connectors.Frame{{Data: b}}, nil
	case <-l.gone:
		return nil, net.ErrClosed
	case <-l.left:
	}
	select {
	case b := <-l.sent: // before the client left
		return []connectors.Frame{{Data: b}}, nil
	default:
		return nil, io.EOF
	}
}

// Write hands messages to those who wait for them. It waits while pushes do that nobody looks at.
func (l *line) Write(packages net.Buffers) error {
	for _, b := range packages {
		if err := l.hear(b); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) SetReadLimit(int) {}

func (l *line) Close(connectors.Reason) { l.hangUp.Do(func() { close(l.gone) }) }

func (l *line) Transport() string    { return "memory" }
func (l *line) LocalAddr() net.Addr  { return addr("actortest") }
func (l *line) RemoteAddr() net.Addr { return l.addr }

// hear sorts messages.
func (l *line) hear(b []byte) error {
	for len(b) > 0 {
		kind, text, rest, err := cut(b)
		if err == nil {
			err = l.sort(kind, text)
		}
		if err != nil {
			return err
		}
		b = rest
	}
	return nil
}

func (l *line) sort(kind byte, text []byte) error {
	switch kind {
	case welcomed:
		l.welcome <- welcome{user: append([]byte(nil), text...)}
		return nil
	case refused:
		e := new(messages.Error)
		err := proto.Unmarshal(text, e)
		l.welcome <- welcome{err: e}
		return err
	case answered:
		r := new(answer)
		err := proto.Unmarshal(text, r)
		l.answer(r)
		return err
	case kicked:
		k := new(messages.Kick)
		err := proto.Unmarshal(text, k)
		l.kick.Store(k)
		return err
	}
	p := new(push)
	if err := proto.Unmarshal(text, p); err != nil {
		return err
	}
	select {
	case l.pushes <- p:
		return nil
	case <-l.gone:
		return net.ErrClosed
	}
}

func (l *line) answer(r *answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.answers[r.Seq]; c != nil {
		delete(l.answers, r.Seq)
		c <- r
	}
}
