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

// ask asks the application whether the client may come in. Its hook has a
// goroutine of its own and the time until the protocol's next deadline.
func (l *link) ask(h *connectors.Hello) {
	if err := l.noEntry(); err != nil {
		l.converse(func(p connectors.Protocol, s *connectors.Step, now time.Time) { p.Welcome(s, nil, err, now) })
		return
	}
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

// noEntry is why nobody may come in now, or nil.
func (l *link) noEntry() error {
	switch {
	case l.draining.Load():
		return messages.NewError(messages.CodeBusy, "draining")
	case l.level.Load() >= levelRefuse:
		return messages.NewError(messages.CodeBusy, "overloaded")
	}
	return nil
}

// hookContext is called with mu held.
func (l *link) hookContext() (context.Context, context.CancelFunc) {
	if age := l.alarm.proto; age != 0 {
		return context.WithDeadline(context.Background(), l.gate.born.Add(l.bornAt+age))
	}
	return context.WithCancel(context.Background())
}

// hook runs the application's handshake hook. It is not waited for when the
// link ends: its context is cancelled.
func (l *link) hook(ctx context.Context, cancel context.CancelFunc, h *connectors.Hello) {
	defer cancel()
	user, err := l.callHook(ctx, h)
	if full := l.noEntry(); full != nil { // by now
		user, err = nil, full
	}
	l.mu.Lock()
	if l.asked--; l.asked == 0 {
		l.cancel = nil
	}
	if err == nil && len(h.Settings) > 0 {
		l.session.Store(l.session.Load().WithSettings(h.Settings))
	}
	l.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			l.fail(p)
		}
	}()
	l.turn.Lock()
	defer l.turn.Unlock()
	l.converse(func(p connectors.Protocol, s *connectors.Step, now time.Time) { p.Welcome(s, user, err, now) })
}

func (l *link) callHook(ctx context.Context, h *connectors.Hello) (user any, err error) {
	defer func() {
		if p := recover(); p != nil {
			if l.fault(messages.FaultHook, scene{connector: l.name, session: l.session.Load().Id, what: p}) {
				l.log.Error("panic in the handshake hook", "socket", l.pid.Id, "panic", fmt.Sprint(p))
			}
			user, err = nil, &messages.Error{Code: messages.CodeInternal}
		}
	}()
	return l.Handshake(ctx, h)
}
