package actors

import (
	"context"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// hooksAtOnce is how many handshakes of one client may wait for the application.
const hooksAtOnce = 4

// request sends one request to its route. It returns false when the link ends
// while it waits for a slot.
func (l *link) request(in *connectors.Inbound, now time.Time) bool {
	r := in.Request
	r.Session = l.session.Load()
	to, ours := l.router.find(r.Session, r.Route)
	switch {
	case to == nil:
		if !r.Notify {
			l.answer(origin(in), r.Fail(nil))
		}
		return true
	case r.Notify && !ours:
		// Nobody would tell when it has been handled: it holds no slot.
	case !l.takeSlot(in, now):
		return false
	}
	l.root.RequestWithCustomSender(to, r, l.pid)
	return true
}

func origin(in *connectors.Inbound) connectors.Origin {
	return connectors.Origin{ID: in.Id, Route: in.Route, Tag: in.Tag}
}

// takeSlot waits until one more request may be in flight, and puts this one there.
func (l *link) takeSlot(in *connectors.Inbound, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.reason == nil && l.noRoom(len(in.Body)) {
		if l.room == nil {
			l.room = make(chan struct{}, 1)
		}
		l.full = true
		l.mu.Unlock()
		<-l.room
		l.mu.Lock()
		now = time.Now()
	}
	if l.reason != nil {
		return false
	}
	var due time.Duration
	if l.RequestTimeout > 0 {
		at := now.Add(l.RequestTimeout)
		in.Deadline = at.UnixNano()
		due = at.Sub(l.born)
		l.ringBy(at)
	} else {
		due = 1<<63 - 1
	}
	in.Seq = l.slots.take(origin(in), in.Notify, len(in.Body), due)
	return true
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
	ctx, cancel := context.WithCancel(context.Background())
	if at := l.alarm.proto; !at.IsZero() {
		ctx, cancel = context.WithDeadline(context.Background(), at)
	}
	l.asked++
	if before := l.cancel; before != nil {
		l.cancel = func() { before(); cancel() }
	} else {
		l.cancel = cancel
	}
	go l.hook(ctx, cancel, h)
}

// hook runs the application's handshake hook. It is not waited for when the
// link ends: its context is cancelled.
func (l *link) hook(ctx context.Context, cancel context.CancelFunc, h *connectors.Hello) {
	defer cancel()
	user, err := l.callHook(ctx, h)
	l.mu.Lock()
	l.asked--
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
