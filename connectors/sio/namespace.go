package sio

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// enter begins the session that clients of Engine.IO 3 have without asking.
func (e *engine) enter() {
	if e.version == engineio.V3 {
		e.in.Lock()
		defer e.in.Unlock()
		e.begin()
		defer e.rest()
		_ = e.join(&seat{engine: e, namespace: socketio.Main})
	}
}

// connect handles a CONNECT, for who holds in (P17.3).
func (e *engine) connect(packet []byte) error {
	p, err := socketio.Decode(packet)
	if err != nil {
		return err
	}
	s := &seat{engine: e, namespace: cmp.Or(string(p.Namespace), socketio.Main), said: &said{}}
	taken := e.seat(s.namespace) != nil
	if e.version == engineio.V3 {
		s.said.query, _ = url.ParseQuery(string(p.Query)) // of what makes no sense, the rest
		if taken || s.namespace == socketio.Main || !ascii(s.namespace) {
			return nil // it has that, or cannot be told
		}
	} else if err := s.hear(p); err != nil {
		return err
	} else if taken {
		return errTwice
	}
	if !e.l.namespaces[s.namespace] {
		e.say(socketio.AppendRefusal(nil, e.version, s.namespace, "Invalid namespace"))
		return nil
	}
	return e.join(s)
}

// packet is a packet of Socket.IO as a frame.
func packet(typ byte, namespace, data string) []byte {
	p := socketio.Packet{Type: typ, Data: []byte(data)}
	if namespace != socketio.Main {
		p.Namespace = []byte(namespace)
	}
	return engineio.AppendPacket(nil, engineio.Message, p.Append(nil))
}

// maxDepth is how deep what a client says of itself may be nested.
const maxDepth = 32

// hear keeps what a client says of itself.
func (s *seat) hear(p socketio.Packet) error {
	auth, mode, err := p.Auth(maxDepth)
	s.said.auth, s.said.mode = bytes.Clone(auth), mode
	return err
}

// ascii tells whether clients of both dialects of Engine.IO 3 can read s.
func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

const (
	joinEvery = time.Second // how often a client may connect, in the long run
	joinBurst = 4           // and how many times at once, besides once for each namespace
)

// join gives the client a seat, and waits until it is accepted. Who sat there before has left, and is gone
// first: its hooks and its farewell are not those of a newcomer.
func (e *engine) join(s *seat) error {
	s.id = newID()
	e.mu.Lock()
	for e.end == nil && slices.ContainsFunc(e.seats, func(o *seat) bool { return o.namespace == s.namespace }) {
		e.wait()
	}
	age := time.Since(e.born)
	e.joined = max(e.joined, age) + joinEvery
	if restless := e.joined > age+time.Duration(joinBurst+len(e.l.namespaces))*joinEvery; restless || e.end != nil {
		e.mu.Unlock()
		if restless {
			return errRestless
		}
		return nil
	}
	s.polled = e.ws == nil
	e.seats = append(e.seats, s)
	first := len(e.seats) == 1
	e.mu.Unlock()
	if first {
		e.l.changed(e, -1, 0)
	}
	if !e.l.offer(s) {
		s.Close(connectors.Reason{Cause: messages.CauseStopping})
	}
	return nil
}

// seat is who sits in a namespace, and has not said that it leaves.
func (e *engine) seat(namespace string) *seat {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range slices.Backward(e.seats) {
		if s.namespace == namespace && !s.parted {
			return s
		}
	}
	return nil
}

// part notes that the client leaves a namespace.
func (e *engine) part(s *seat) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s.parted = true
	e.last = nil
}

// unseat takes a seat away, and tells whether it was the last.
func (e *engine) unseat(s *seat) (last bool) {
	n := len(e.seats)
	e.seats = slices.DeleteFunc(e.seats, func(o *seat) bool { return o == s })
	if last = n > 0 && len(e.seats) == 0; last && e.end == nil {
		now := time.Now()
		e.idleBy = now.Sub(e.born) + e.l.connect
		e.timer.Reset(e.next(now))
	}
	return last
}

// inhabited tells whether the client has a session.
func (e *engine) inhabited() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.seats) > 0
}
