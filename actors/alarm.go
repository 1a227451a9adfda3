package actors

import (
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// alarm is what the link has instead of timers, rung by its batcher's clock. It is set when something may be due,
// and never moved later: when it rings too early, it is set again. So a busy client costs no
// timer operations.
type alarm struct {
	place int32 // the clock's: where it is booked, plus one; zero: it is not
	// All count from the link's birth. Zero: not set, and never.
	at    time.Duration // when it rings
	proto time.Duration // when the protocol must be asked
}

// quiet is called with mu held: the alarm rings no more.
func (l *link) quiet() { l.batcher.clock.cancel(l) }

// expireBy sets when the protocol must be asked whether its client's time is up.
func (l *link) expireBy(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alarm.proto = l.age(t)
	l.ringBy(l.alarm.proto)
}

// age is a moment in the link's life, never zero.
func (l *link) age(t time.Time) time.Duration { return max(l.since(t), 1) }

// since is how old the link is at t.
func (l *link) since(t time.Time) time.Duration { return t.Sub(l.gate.born) - l.bornAt }

// ringBy is called with mu held. Zero is never.
func (l *link) ringBy(age time.Duration) {
	if age == 0 || l.reason != nil || l.alarm.at != 0 && age >= l.alarm.at {
		return
	}
	l.alarm.at = age
	l.batcher.clock.book(l, l.bornAt+age)
}

// duties are what is due when the alarm rings.
type duties struct {
	late []slot // requests that have expired
	busy *slot  // the request that ends a pause of the reader
	ask  bool   // the protocol
	seal bool   // the link: it was to go
	end  *connectors.Reason
}

// ring runs on a goroutine of its own.
func (l *link) ring() {
	defer func() {
		if p := recover(); p != nil {
			l.fail(p)
			l.expireBy(time.Now().Add(time.Second)) // it has yet to say what it wants
		}
	}()
	d := l.due(time.Now())
	for i := range d.late {
		l.expired(&d.late[i])
		l.owed.Add(-1)
	}
	if d.busy != nil {
		l.refuse(d.busy.origin, d.busy.notify)
		l.owed.Add(-1)
	}
	if d.end != nil {
		l.end(*d.end)
	} else if d.ask {
		l.converse(connectors.Protocol.Expire)
	}
	if d.seal {
		r := *l.leaving.Load()
		l.kick(r, farewellOf(r), nil)
	}
	l.mayDepart()
}

func (l *link) expired(t *slot) {
	l.fault(messages.FaultExpired, scene{route: t.origin.Route, session: l.session.Load().Id})
	if !t.notify {
		l.answer(l.currentCodec(), t.origin, &messages.Response{Error: messages.NewError(messages.CodeTimeout, "timeout")})
	}
}

// due takes what is due at now and sets the alarm for what comes next.
func (l *link) due(now time.Time) (d duties) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason != nil {
		return d
	}
	l.alarm.at, l.watched = 0, false
	l.out.relax()
	age := l.age(now)
	d.late = l.dueSlots(age)
	d.busy = l.duePause(age)
	if d.busy != nil {
		l.owed.Add(1)
	}
	l.owed.Add(int32(len(d.late)))
	d.ask = l.dueProtocol(age)
	d.end = l.dueEnd(age)
	if f := l.some().force; f != 0 && !l.out.sealed {
		if d.seal = age >= f; !d.seal {
			l.ringBy(f)
		}
	}
	return d
}

// dueSlots is called with mu held.
func (l *link) dueSlots(age time.Duration) []slot {
	if l.RequestTimeout == 0 {
		return nil
	}
	late, oldest := l.slots.expired(age - l.RequestTimeout)
	if len(late) > 0 {
		l.wakeReader()
	}
	if oldest >= 0 {
		l.ringBy(oldest + l.RequestTimeout)
	}
	return late
}

// duePause is called with mu held. It ends a pause of the reader that has lasted too long by
// taking the oldest request out of its slot; and one that was for being too fast.
func (l *link) duePause(age time.Duration) *slot {
	if !l.paused {
		return nil
	}
	if l.seldom.pace != 0 {
		if age >= l.seldom.pace {
			l.wakeReader()
		} else {
			l.ringBy(l.seldom.pace)
		}
		return nil
	}
	if l.Pause == 0 {
		return nil
	}
	if end := l.seldom.pausedAt + l.Pause; age < end {
		l.ringBy(end)
		return nil
	}
	t, ok := l.slots.releaseOldest()
	if !ok {
		return nil
	}
	l.wakeReader()
	return &t
}

// dueProtocol is called with mu held.
func (l *link) dueProtocol(age time.Duration) (ask bool) {
	if p := l.alarm.proto; p != 0 && age >= p {
		if l.alarm.proto = 0; l.paused || l.feeding.Load() || l.leaving.Load() != nil {
			// We do not read, so the client cannot show life: ask later.
			l.alarm.proto = age + time.Second
		} else {
			ask = true
		}
	}
	l.ringBy(l.alarm.proto)
	return ask
}

// dueEnd is called with mu held. It tells whether the client is to go, because it is stuck, or
// takes its messages too slowly, or was to go anyway.
func (l *link) dueEnd(age time.Duration) *connectors.Reason {
	if l.out.sealed {
		stuck, next := l.stuck(age)
		if stuck || age >= l.seldom.end {
			return l.out.last
		}
		l.ringBy(next)
		l.ringBy(l.seldom.end)
		return nil
	}
	slow, next := l.lag(age)
	if slow != "" {
		return &connectors.Reason{Cause: messages.CauseSlow, Text: slow}
	}
	l.ringBy(next)
	return nil
}
