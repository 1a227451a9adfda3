package actors

import (
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// alarm is the link's one timer. It is set when something may be due, and never
// moved later: when it rings too early, it is set again. So a busy client costs no
// timer operations.
type alarm struct {
	timer *time.Timer
	at    time.Time // when it rings; zero: it is not set
	proto time.Time // when the protocol must be asked; zero: never
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}

// expireBy sets when the protocol must be asked whether its client's time is up.
func (l *link) expireBy(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alarm.proto = t
	l.ringBy(t)
}

// ringBy is called with mu held.
func (l *link) ringBy(t time.Time) {
	if l.reason != nil || !l.alarm.at.IsZero() && !t.Before(l.alarm.at) {
		return
	}
	l.alarm.at = t
	if l.alarm.timer == nil {
		l.alarm.timer = time.AfterFunc(time.Until(t), l.ring)
	} else {
		l.alarm.timer.Reset(time.Until(t))
	}
}

// ring runs on the timer's goroutine.
func (l *link) ring() {
	defer func() {
		if p := recover(); p != nil {
			l.fail(p)
		}
	}()
	due, ask := l.due(time.Now())
	for i := range due {
		if t := &due[i]; !t.notify {
			l.answer(l.currentCodec(), t.origin, &messages.Response{Error: messages.NewError(messages.CodeTimeout, "timeout")})
		}
	}
	if ask {
		l.converse(connectors.Protocol.Expire)
	}
}

// due takes what is due at now and sets the alarm for what comes next.
func (l *link) due(now time.Time) (late []slot, ask bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason != nil {
		return nil, false
	}
	l.alarm.at = time.Time{}
	late, next := l.slots.expired(now.Sub(l.born))
	if len(late) > 0 {
		l.wakeReader()
	}
	if p := l.alarm.proto; !p.IsZero() && !now.Before(p) {
		if l.alarm.proto = (time.Time{}); l.full {
			// We do not read, so the client cannot show life: ask later.
			l.alarm.proto = now.Add(time.Second)
		} else {
			ask = true
		}
	}
	if !l.alarm.proto.IsZero() {
		l.ringBy(l.alarm.proto)
	}
	if next > 0 {
		l.ringBy(l.born.Add(next))
	}
	return late, ask
}
