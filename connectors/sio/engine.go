package sio

import (
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/internal/stream"
	"github.com/fairlead-go/fairlead/messages"
)

// engine is one client's Engine.IO connection: what lasts while it polls, upgrades, and leaves and
// joins namespaces. Its goroutines are those of its requests, and one that reads its WebSocket where nobody else does.
type engine struct {
	l             *listener
	sid           string
	version       engineio.Version
	local, remote net.Addr
	last          *seat // in's: whom binary messages are for

	// in makes what the client sends be handled in order: a POST and a WebSocket may bring it at once.
	in      sync.Mutex
	dialect engineio.Dialect
	b64     bool // nobody's, as what stands above: the client takes no binary

	// mu guards the rest: requests, the WebSocket's reader, writers and time meet here.
	mu        sync.Mutex
	heart     engineio.Heart
	greeting  *greeting // nil when nobody will ask for it
	seats     []*seat
	ws        *stream.WebSocket // nil while the client polls
	rising    *stream.WebSocket // its upgrade
	poll      *poll             // the GET that is held
	out       []byte            // frames that wait for a GET
	changed   *sync.Cond        // who waits for one of these; nil until somebody did
	taken     uint64            // bytes that GETs have taken, or out has
	after     []byte            // frames to be written behind a Write to the WebSocket
	timer     *time.Timer
	born      time.Time
	joined    time.Duration // when it will have rested from its CONNECTs, since born
	idleBy    time.Duration // when it must have a session, since born
	end       *ending
	taking    int32 // what came is being handled: the client cannot show life
	suspended bool  // and should have, meanwhile
	probed    bool  // the client has probed rising
	posting   bool
	writing   bool // a Write to the WebSocket is under way: others wait
}

// ending is how an engine ends.
type ending struct {
	err    error             // what its sessions learn
	reason connectors.Reason // what a WebSocket's close frame says
	// farewell is frames of sessions, last those of the engine: for a client that polls, of the answer
	// behind it. Clients look at what ends an engine before they look at what came with it.
	farewell, last []byte
	// wait lets a client that polls fetch what is left: it may be between two GETs.
	wait bool
}

// lingerTime is how long a client that polls may take for that.
const lingerTime = 2 * time.Second

// newEngine makes the engine of a client whose open packet waits.
func (l *listener) newEngine(r *request, ws *stream.WebSocket) *engine {
	now := time.Now()
	e := &engine{
		l: l, sid: newID(), version: r.version, b64: r.b64, ws: ws,
		heart:    l.rhythm(r.version).Start(now),
		greeting: r.greeting(),
		idleBy:   l.connect,
		born:     now,
	}
	if ws != nil {
		e.local, e.remote = ws.LocalAddr(), ws.RemoteAddr()
	} else {
		e.local, e.remote = r.local(), r.remote()
	}
	e.out = r.version.AppendOpen(nil, engineio.Handshake{
		SID:          e.sid,
		Upgrades:     ws == nil && l.webSocket,
		PingInterval: l.pingInterval,
		PingTimeout:  l.pingTimeout,
		MaxPayload:   l.payload,
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.timer = time.AfterFunc(e.next(now), e.tick)
	return e
}

// next is called with mu held: how long until the engine must look at the clock.
func (e *engine) next(now time.Time) time.Duration {
	due := e.heart.Due()
	if by := e.born.Add(e.idleBy); len(e.seats) == 0 && by.Before(due) {
		due = by
	}
	return due.Sub(now)
}

// idle is called with mu held. It tells whether the client should have a session by now.
func (e *engine) idle(now time.Time) bool { return len(e.seats) == 0 && now.Sub(e.born) >= e.idleBy }

// tick looks at the clock.
func (e *engine) tick() {
	defer e.recovered()
	now := time.Now()
	e.mu.Lock()
	if e.end != nil {
		e.mu.Unlock()
		return
	}
	idle := e.idle(now)
	ping, dead := false, false
	if e.taking > 0 {
		e.suspended = true
		e.timer.Reset(e.l.pingTimeout)
	} else {
		ping, dead = e.heart.Expire(now)
		e.timer.Reset(e.next(now))
	}
	e.mu.Unlock()
	switch {
	case idle:
		e.fail(errNoSession)
	case dead:
		e.fail(connectors.ErrSilent)
	case ping:
		e.say(engineio.AppendPacket(nil, engineio.Ping, ""))
	}
}

// alive looks at the clock because a request has come.
func (e *engine) alive() bool {
	e.mu.Lock()
	now := time.Now()
	var err error
	switch {
	case e.end != nil, e.taking > 0:
	case e.idle(now):
		err = errNoSession
	case e.heart.Dead(now):
		err = connectors.ErrSilent
	}
	e.mu.Unlock()
	if err != nil {
		e.fail(err)
	}
	return err == nil
}

// begin notes that something has come, by which clients of Engine.IO 3 live, and is being handled.
func (e *engine) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.taking++
	if e.version == engineio.V3 {
		_, _ = e.heart.Feed(nil, engineio.Packet{Type: engineio.Message}, time.Now())
	}
}

// rest notes that it has been handled. A client that was asked for life meanwhile, and could not be heard,
// is asked anew.
func (e *engine) rest() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.taking--; e.taking > 0 || !e.suspended && !e.heart.Asked() || e.end != nil {
		return
	}
	now := time.Now()
	e.suspended = false
	e.heart = e.l.rhythm(e.version).Start(now)
	e.timer.Reset(e.next(now))
}

// wait is called with mu held, by who waits for a change, and wake by who has made it.
func (e *engine) wait() {
	if e.changed == nil {
		e.changed = sync.NewCond(&e.mu)
	}
	e.changed.Wait()
}

func (e *engine) wake() {
	if e.changed != nil {
		e.changed.Broadcast()
	}
}

// say sends packets of the engine's own. A client that makes us talk and does not listen is let go of.
func (e *engine) say(frames []byte) {
	e.mu.Lock()
	ws := e.ws
	if ws == nil && e.end == nil {
		e.out = append(e.out, frames...)
		e.serve()
	}
	deaf := len(e.out) > 4*most && e.end == nil
	e.mu.Unlock()
	switch {
	case ws != nil:
		_ = ws.Interject(frames) // who reads learns of an error
	case deaf:
		e.fail(connectors.ErrSlow)
	}
}

// mention sends packets without waiting.
func (e *engine) mention(frames []byte) {
	e.mu.Lock()
	ws := e.ws
	if busy := e.writing; busy {
		e.after = append(e.after, frames...)
		e.mu.Unlock()
		return
	}
	e.mu.Unlock()
	if ws == nil {
		e.say(frames)
		return
	}
	switch taken, rest := ws.TryWrite(frames); {
	case !taken:
		go func() { _ = ws.Interject(frames) }()
	case rest:
		go func() { _ = ws.Write(nil) }()
	}
}

// fail ends the engine because of what the client did.
func (e *engine) fail(err error) {
	e.over(&ending{err: err, reason: reasonOf(err), last: engineio.AppendPacket(nil, engineio.Close, "")})
}

// leave ends the engine because the client said so.
func (e *engine) leave() {
	e.over(&ending{
		err: io.EOF, reason: connectors.Reason{Cause: messages.CauseClient},
		last: engineio.AppendPacket(nil, engineio.Noop, ""), wait: true,
	})
}

// dismiss ends an engine that has no session.
func (e *engine) dismiss() {
	e.mu.Lock()
	idle := len(e.seats) == 0
	e.mu.Unlock()
	if idle {
		e.close(connectors.Reason{Cause: messages.CauseStopping}, nil)
	}
}

// close ends the engine because we want to. farewell is the last that sessions say.
func (e *engine) close(r connectors.Reason, farewell []byte) {
	e.over(&ending{
		err: net.ErrClosed, reason: r, wait: !abrupt(r.Cause),
		farewell: farewell, last: engineio.AppendPacket(nil, engineio.Close, ""),
	})
}

// abrupt tells whether a client that polls is not waited for (P16.8).
func abrupt(c messages.Cause) bool {
	switch c {
	case messages.CauseMalformed, messages.CauseTooLarge, messages.CauseHeartbeatTimeout, messages.CauseNetwork,
		messages.CauseStalled, messages.CauseSlow, messages.CauseOverloaded:
		return true
	}
	return false
}

// over ends the engine. The first end counts.
func (e *engine) over(end *ending) {
	e.mu.Lock()
	if e.end != nil {
		e.mu.Unlock()
		return
	}
	e.end = end
	e.timer.Stop()
	ws, rising, seats := e.ws, e.rising, e.seats
	e.seats, e.greeting = nil, nil
	e.wake()
	left := ws == nil && e.conclude()
	moving := left && e.probed // its client may have stopped polling: it fetches the rest where it moves to
	if !moving {
		e.rising, e.probed = nil, false
	}
	e.mu.Unlock()

	if len(seats) == 0 {
		e.l.changed(e, -1, 0)
	}
	if ws != nil {
		ws.Close(end.farewell, end.reason)
		e.l.forget(e)
	}
	if rising != nil && !moving {
		rising.Close(nil, end.reason)
	}
	for _, s := range seats {
		s.lose(end.err)
	}
	switch {
	case left:
		time.AfterFunc(lingerTime, func() {
			e.fall(rising)
			e.vanish()
		})
	case ws == nil:
		e.vanish()
	}
}

// conclude is called with mu held. It says the last to a client that polls, and tells whether something
// is left that it may fetch.
func (e *engine) conclude() (left bool) {
	end := e.end
	if !end.wait {
		e.out = nil
	}
	e.out = append(e.out, end.farewell...)
	if len(end.farewell) == 0 {
		e.out, end.last = append(e.out, end.last...), nil
	}
	e.serve()
	if !end.wait { // but for a GET that was held
		e.out = nil
	}
	return len(e.out) > 0
}

// vanish lets go of an engine whose client polls.
func (e *engine) vanish() {
	if e.l.forget(e) {
		e.l.changed(e, 0, -1)
	}
}

// recovered is deferred on goroutines of the engine's own: what panics there is this client's loss.
func (e *engine) recovered() {
	if v := recover(); v != nil {
		e.l.log.Error("panic in a socket.io engine", "panic", v, "stack", string(debug.Stack()))
		e.fail(fmt.Errorf("panic: %v", v))
	}
}
