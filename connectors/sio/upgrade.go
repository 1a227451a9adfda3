package sio

import (
	"net/http"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/internal/stream"
	"github.com/fairlead-go/fairlead/messages"
)

// options are those of every WebSocket.
func (l *listener) options() stream.Options {
	return stream.Options{Slack: l.slack, Limit: l.payload}
}

// greet opens the conversation on a WebSocket.
func (e *engine) greet(ws *stream.WebSocket) {
	defer e.recovered()
	e.mu.Lock()
	open := e.out
	e.out = nil
	e.mu.Unlock()
	if err := ws.Write(open); err != nil {
		e.lose(err)
		return
	}
	e.enter()
	e.listen(ws)
}

// listen reads a WebSocket until the client has a session. Most clients are idle most of the time: no goroutine
// waits for them then, or where one must, another goes on, since by now the stack has grown.
func (e *engine) listen(ws *stream.WebSocket) {
	defer e.recovered()
	for !e.inhabited() {
		if !e.read(ws) {
			return
		}
	}
	if ws.Polls() {
		ws.Deliver(ws.Cutter(), ear{e})
		return
	}
	go func() {
		defer e.recovered()
		for e.read(ws) {
		}
	}()
}

// read handles what one read brings, and tells whether there may be more.
func (e *engine) read(ws *stream.WebSocket) (more bool) {
	frames, err := ws.ReadFrames()
	return ear{e}.Take(frames, err)
}

// ear is an engine as its WebSocket's sink.
type ear struct{ *engine }

var _ connectors.Borrower = ear{}

// Take handles what one read has brought.
func (e ear) Take(frames []connectors.Frame, err error) (more bool) {
	return e.TakeOn(nil, frames, err)
}

// TakeOn is Take on a goroutine that is not the client's own.
func (e ear) TakeOn(turn *connectors.Turn, frames []connectors.Frame, err error) (more bool) {
	defer e.recovered()
	if len(frames) > 0 {
		e.hearFrames(frames, turn)
	}
	if err != nil {
		e.lose(err)
	}
	return err == nil
}

// Moved is not called: a WebSocket stays one.
func (ear) Moved() {}

// lose ends the engine because its WebSocket has ended.
func (e *engine) lose(err error) { e.over(&ending{err: err, reason: reasonOf(err)}) }

// upgrade begins to move a client that polls to a WebSocket (P16.7).
func (e *engine) upgrade(w http.ResponseWriter, r *http.Request) {
	ws, err := e.l.upgrader.Upgrade(w, r, e.l.options())
	if err != nil {
		return // it has been answered
	}
	e.mu.Lock()
	free := e.end == nil && e.ws == nil && e.rising == nil
	if free {
		e.rising = ws
	}
	e.mu.Unlock()
	if !free {
		ws.Close(nil, connectors.Reason{Cause: messages.CauseRefused})
		return
	}
	go e.rise(ws)
}

// rise waits until the client has probed the WebSocket and moves to it. If it does not, polling goes on.
func (e *engine) rise(ws *stream.WebSocket) {
	defer e.recovered()
	late := time.AfterFunc(e.l.upgrade, func() { e.fall(ws) })
	risen := e.probe(ws)
	late.Stop()
	if !risen {
		e.fall(ws)
		return
	}
	e.listen(ws)
}

// fall gives an upgrade up.
func (e *engine) fall(ws *stream.WebSocket) {
	e.mu.Lock()
	rising := ws != nil && e.rising == ws
	if rising {
		e.rising, e.probed = nil, false
	}
	e.mu.Unlock()
	if rising {
		ws.Close(nil, connectors.Reason{Cause: messages.CauseHandshakeTimeout})
	}
}

// probe reads until the client has moved, and tells whether it has. What follows in the same read is heard.
func (e *engine) probe(ws *stream.WebSocket) (moved bool) {
	for probed := false; ; {
		frames, err := ws.ReadFrames()
		for i, f := range frames {
			p, err := e.version.Decode(f)
			switch {
			case err != nil || p.Binary:
				return false
			case !probed && p.Type == engineio.Ping && string(p.Data) == engineio.Probe:
				probed = true
				e.answerProbe(ws)
			case probed && p.Type == engineio.Upgrade:
				if !e.move(ws) {
					return false
				}
				e.hearFrames(frames[i+1:], nil)
				return true
			default:
				return false
			}
		}
		if err != nil {
			return false
		}
	}
}

// answerProbe has the client stop polling: a GET that is held ends, and others wait until it has moved. They
// do from before it knows.
func (e *engine) answerProbe(ws *stream.WebSocket) {
	e.mu.Lock()
	if e.rising == ws {
		e.probed = true
	}
	e.mu.Unlock()
	_ = ws.Interject(engineio.AppendPacket(nil, engineio.Pong, engineio.Probe))
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rising == ws && e.poll != nil && !e.poll.probed && e.end == nil {
		e.out = engineio.AppendPacket(e.out, engineio.Noop, "")
		e.serve()
	}
}

// move makes the WebSocket the client's only transport: what waits for a GET goes there, ahead of all
// that comes later.
func (e *engine) move(ws *stream.WebSocket) bool {
	e.mu.Lock()
	if e.rising != ws {
		e.mu.Unlock()
		return false
	}
	if e.end != nil { // meanwhile
		rest := e.out
		e.rising, e.probed, e.out = nil, false, nil
		e.mu.Unlock()
		ws.Close(rest, e.end.reason)
		e.vanish()
		return false
	}
	if p := e.poll; p != nil {
		e.poll, p.why = nil, badRequest
		close(p.ready)
	}
	e.rising, e.probed = nil, false
	out := e.out
	e.ws, e.out, e.writing = ws, nil, true // nobody else writes before that is written
	seats := append([]*seat(nil), e.seats...)
	e.mu.Unlock()
	err := ws.Write(out)
	e.written(nil)
	e.l.changed(e, 0, -1)
	if err != nil {
		e.lose(err)
		return false
	}
	for _, s := range seats {
		s.moved()
	}
	return true
}
