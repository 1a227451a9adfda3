package sio

import (
	"bytes"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
)

// run is messages for one session that came together.
type run struct {
	seat   *seat
	frames *[]connectors.Frame
	turn   *connectors.Turn // of the goroutine that brings them; nil: the client's own
}

// take has a sink take them.
func (r *run) take(to connectors.Sink) (more bool) {
	if r.turn == nil {
		return to.Take(*r.frames, nil)
	}
	return r.turn.Take(to, *r.frames, nil)
}

// pause says that the goroutine is about to wait.
func (r *run) pause() {
	if r.turn != nil && r.turn.Yield != nil {
		r.turn.Yield()
	}
}

// runs are kept for use again: a client has one only while it is heard.
var runs = sync.Pool{New: func() any { return new([]connectors.Frame) }}

// runLength is how many messages are handed over together, at most: a payload may hold very many.
const runLength = 128

func (r *run) add(s *seat, f connectors.Frame) {
	if r.frames != nil && len(*r.frames) == runLength {
		r.deliver()
	}
	if r.frames == nil {
		r.frames = runs.Get().(*[]connectors.Frame)
	}
	r.seat = s
	*r.frames = append(*r.frames, f)
}

// deliver hands over what there is.
func (r *run) deliver() {
	if r.frames == nil || len(*r.frames) == 0 {
		return
	}
	r.seat.take(r)
	clear(*r.frames)
	*r.frames = (*r.frames)[:0]
}

func (r *run) free() {
	if r.frames != nil {
		runs.Put(r.frames)
		r.frames = nil
	}
}

// hearFrames handles what a WebSocket has brought.
func (e *engine) hearFrames(frames []connectors.Frame, turn *connectors.Turn) {
	if err := e.hearAll(frames, turn); err != nil {
		e.fail(err)
	}
}

func (e *engine) hearAll(frames []connectors.Frame, turn *connectors.Turn) error {
	e.in.Lock()
	defer e.in.Unlock()
	e.begin()
	defer e.rest()
	r := run{turn: turn}
	defer r.free()
	for _, f := range frames {
		p, err := e.version.Decode(f)
		if err == nil {
			err = e.hear(&r, p)
		}
		if err != nil {
			r.deliver()
			return err
		}
	}
	r.deliver()
	return nil
}

// hear handles one packet, for who holds in. Messages wait in r for those behind them.
func (e *engine) hear(r *run, p engineio.Packet) error {
	if p.Type == engineio.Message {
		return e.message(r, p)
	}
	r.deliver()
	switch p.Type {
	case engineio.Ping, engineio.Pong:
		return e.beat(p)
	case engineio.Close:
		e.leave()
	case engineio.Noop:
	default:
		return errPacket
	}
	return nil
}

// beat handles a packet of the heartbeat.
func (e *engine) beat(p engineio.Packet) error {
	now := time.Now()
	e.mu.Lock()
	if e.end != nil {
		e.mu.Unlock()
		return nil
	}
	answer, err := e.heart.Feed(nil, p, now)
	e.timer.Reset(e.next(now))
	e.mu.Unlock()
	if len(answer) > 0 {
		e.say(answer)
	}
	return err
}

// message finds out whose a message is.
func (e *engine) message(r *run, p engineio.Packet) error {
	if p.Binary {
		if e.last == nil {
			return errBinary
		}
		r.add(e.last, connectors.Frame{Data: p.Data}) // text for others came before, and is delivered
		return nil
	}
	typ, namespace, ok := addressee(p.Data)
	if !ok {
		return errPacket
	}
	if typ == socketio.Connect {
		r.deliver()
		r.pause()
		return e.connect(p.Data)
	}
	s := e.last
	if s == nil || s.namespace != string(namespace) || s.left {
		r.deliver()
		if s = e.seat(string(namespace)); s == nil {
			return e.astray()
		}
		e.last = s
	}
	if r.seat != s {
		r.deliver()
	}
	r.add(s, connectors.Frame{Data: p.Data, Text: true})
	if typ == socketio.Disconnect {
		e.part(s)
		r.deliver()
	}
	return nil
}

// astray is what becomes of a message for a namespace that the client has not connected: old clients
// send some.
func (e *engine) astray() error {
	if e.version == engineio.V3 {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.end != nil {
		return nil
	}
	return errNamespace
}

// addressee reads the type and the namespace of a Socket.IO packet.
func addressee(b []byte) (typ byte, namespace []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	typ, rest := b[0], b[1:]
	if typ == socketio.BinaryEvent || typ == socketio.BinaryAck {
		if _, after, found := bytes.Cut(rest, dash); found {
			rest = after
		}
	}
	if len(rest) == 0 || rest[0] != '/' {
		return typ, mainNamespace, true
	}
	namespace, _, _ = bytes.Cut(rest, comma)
	return typ, namespace, true
}

var (
	mainNamespace = []byte(socketio.Main)
	dash          = []byte{'-'}
	comma         = []byte{','}
)
