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
	// Both count from the link's birth. Zero: not set, and never.
	at    time.Duration // when it rings
	proto time.Duration // when the protocol must be asked
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
	l.alarm.proto = l.age(t)
	l.ringBy(l.alarm.proto)
}

// age is a moment in the link's life, never zero.
func (l *link) age(t time.Time) time.Duration { return max(t.Sub(l.born), 1) }

// ringBy is called with mu held.
func (l *link) ringBy(age time.Duration) {
	if l.reason != nil || l.alarm.at != 0 && age >= l.alarm.at {
		return
	}
	l.alarm.at = age
	if left := age - time.Since(l.born); l.alarm.timer == nil {
		l.alarm.timer = time.AfterFunc(left, l.ring)
	} else {
		l.alarm.timer.Reset(left)
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
	l.alarm.at = 0
	l.out.relax()
	age := l.age(now)
	late, next := l.slots.expired(age)
	if len(late) > 0 {
		l.wakeReader()
	}
	if p := l.alarm.proto; p != 0 && age >= p {
		if l.alarm.proto = 0; l.full {
			// We do not read, so the client cannot show life: ask later.
			l.alarm.proto = age + time.Second
		} else {
			ask = true
		}
	}
	if l.alarm.proto != 0 {
		l.ringBy(l.alarm.proto)
	}
	if next != 0 {
		l.ringBy(next)
	}
	return late, ask
}
