package actors

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// hooksAtOnce is how many handshakes of one client may wait for the application.
const hooksAtOnce = 4

// receiver is where a request goes. ours: an actor that tells when a notify has been handled.
type receiver struct {
	pid  *actor.PID
	ours bool
}

// holds tells whether the request has a slot: not when nobody answers it, nor when
// nobody would tell that it has been handled.
func (r receiver) holds(in *connectors.Inbound) bool {
	return r.pid != nil && (r.ours || !in.Notify)
}

// runLength is how many requests are looked at together.
const runLength = 32

// requests sends what one read brought to its routes, in order. It returns false when the
// link ends while it waits for slots.
func (l *link) requests(in []connectors.Inbound, now time.Time) bool {
	for len(in) > 0 {
		n := min(len(in), runLength)
		if !l.sendRun(in[:n], now) {
			return false
		}
		in = in[n:]
	}
	return true
}

func (l *link) sendRun(in []connectors.Inbound, now time.Time) bool {
	var to [runLength]receiver
	session := l.session.Load()
	for i := range in {
		in[i].Session = session
		to[i] = l.resolve(session, in[i].Route)
	}
	envelopes := make([]actor.MessageEnvelope, len(in))
	for at := 0; at < len(in); {
		n := l.takeSlots(in[at:], to[at:], now)
		if n == 0 {
			return false
		}
		for ; n > 0; n-- {
			l.forward(&in[at], to[at], &envelopes[at])
			at++
		}
	}
	return true
}

// resolve remembers the last name: clients ask for the same one again and again. Only the
// reader calls it.
func (l *link) resolve(s *messages.Session, route string) receiver {
	if l.lastRoute != route || l.last == nil {
		l.lastRoute, l.last = route, l.router.find(route)
	}
	if l.last == nil {
		return receiver{}
	}
	return receiver{l.choose(l.last, s, route), l.last.ours}
}

// choose asks the user's function, if there is one. When it panics nobody answers the request.
func (l *link) choose(t *target, s *messages.Session, route string) (pid *actor.PID) {
	if t.pick == nil {
		return l.router.choose(t, s)
	}
	if err := safely(func() error { pid = t.pick(s, route); return nil }); err != nil {
		l.log.Error("panic in a route function", "route", route, "error", err)
		return nil
	}
	return pid
}

// forward sends a request to its actor, with the socket as its sender.
func (l *link) forward(in *connectors.Inbound, to receiver, e *actor.MessageEnvelope) {
	if to.pid == nil {
		if !in.Notify {
			l.answer(l.currentCodec(), origin(in), in.Fail(nil))
		}
		return
	}
	e.Message, e.Sender = in.Request, l.pid
	l.root.Send(to.pid, e)
}

func origin(in *connectors.Inbound) connectors.Origin {
	return connectors.Origin{ID: in.Id, Route: in.Route, Tag: in.Tag}
}

// takeSlots waits until the first of in may be in flight, and puts it and as many more as
// have room there. It returns how many, zero when the link has ended.
func (l *link) takeSlots(in []connectors.Inbound, to []receiver, now time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for to[0].holds(&in[0]) && l.reason == nil && l.noRoom(len(in[0].Body)) {
		l.waitForRoom()
		now = time.Now()
	}
	if l.reason != nil {
		return 0
	}
	due := time.Duration(math.MaxInt64)
	deadline := int64(0)
	if l.RequestTimeout > 0 {
		at := now.Add(l.RequestTimeout)
		due, deadline = l.age(at), at.UnixNano()
		l.ringBy(due)
	}
	for n = range in {
		r := &in[n]
		if !to[n].holds(r) {
			continue
		}
		if n > 0 && l.noRoom(len(r.Body)) {
			return n
		}
		r.Deadline = deadline
		r.Seq = l.slots.take(origin(r), r.Notify, len(r.Body), due)
	}
	return len(in)
}

// waitForRoom is called with mu held, and holds it again when it returns.
func (l *link) waitForRoom() {
	if l.room == nil {
		l.room = make(chan struct{}, 1)
	}
	l.full = true
	l.mu.Unlock()
	<-l.room
	l.mu.Lock()
}

// noRoom is called with mu held. A single request of any legal size always has room.
func (l *link) noRoom(bytes int) bool {
	n := l.slots.used()
	return n >= l.InFlight || n > 0 && l.slots.bytes+bytes > l.InFlightBytes
}

// wakeReader is called with mu held, when a slot is free or the link ends.
func (l *link) wakeReader() {
	if l.full {
		l.full = false
		l.room <- struct{}{}
	}
}

// done frees the slot of a notify that has been handled.
func (l *link) done(seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.slots.release(seq); ok {
		l.wakeReader()
	}
}

// ask asks the application whether the client may come in. Its hook has a
// goroutine of its own and the time until the protocol's next deadline.
func (l *link) ask(h *connectors.Hello) {
	if l.Handshake == nil {
		l.converse(func(p connectors.Protocol, s *connectors.Step, now time.Time) { p.Welcome(s, nil, nil, now) })
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason != nil || l.asked >= hooksAtOnce {
		return
	}
	ctx, cancel := l.hookContext()
	l.asked++
	if before := l.cancel; before != nil {
		l.cancel = func() { before(); cancel() }
	} else {
		l.cancel = cancel
	}
	go l.hook(ctx, cancel, h)
}

// hookContext is called with mu held.
func (l *link) hookContext() (context.Context, context.CancelFunc) {
	if age := l.alarm.proto; age != 0 {
		return context.WithDeadline(context.Background(), l.born.Add(age))
	}
	return context.WithCancel(context.Background())
}

// hook runs the application's handshake hook. It is not waited for when the
// link ends: its context is cancelled.
func (l *link) hook(ctx context.Context, cancel context.CancelFunc, h *connectors.Hello) {
	defer cancel()
	user, err := l.callHook(ctx, h)
	l.mu.Lock()
	if l.asked--; l.asked == 0 {
		l.cancel = nil
	}
	l.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			l.fail(p)
		}
	}()
	l.converse(func(p connectors.Protocol, s *connectors.Step, now time.Time) { p.Welcome(s, user, err, now) })
}

func (l *link) callHook(ctx context.Context, h *connectors.Hello) (user any, err error) {
	defer func() {
		if p := recover(); p != nil {
			l.log.Error("panic in the handshake hook", "socket", l.pid.Id, "panic", fmt.Sprint(p))
			user, err = nil, &messages.Error{Code: messages.CodeInternal}
		}
	}()
	return l.Handshake(ctx, h)
}
