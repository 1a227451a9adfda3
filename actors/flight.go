package actors

import (
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// stuckAfter is how long a write may have waited for its client to take more, before the client
// is not waited for any more when it is to go. One that lets 64 KiB wait in the kernel for longer
// would not take the rest within flushTime either.
const stuckAfter = 250 * time.Millisecond

// takeOff is called with mu held, when a write begins. It reads no clock for a Conn that is a
// Meter, if the alarm will ring soon enough anyway.
func (l *link) takeOff() {
	l.airborne = 1
	_, meter := l.conn.(connectors.Meter)
	if meter && l.watched || l.OutboxAge == 0 && meter {
		return
	}
	age := l.age(time.Now())
	if !meter {
		l.airborne = age
	}
	if l.OutboxAge > 0 {
		l.watched = true
		l.ringBy(age + l.OutboxAge)
	}
}

// stalled is called with mu held, while a write is under way. It is the link's age when the wire
// last took something of it, as far as its Conn can tell.
func (l *link) stalled(age time.Duration) time.Duration {
	m, ok := l.conn.(connectors.Meter)
	if !ok {
		return l.airborne
	}
	var since time.Time
	if safely(func() error { _, since = m.Progress(); return nil }) != nil {
		return l.airborne
	}
	if since.IsZero() {
		return age
	}
	return max(l.age(since), l.airborne)
}

// waits is called with mu held. It tells whether a write is under way that waits for its client.
func (l *link) waits() bool {
	if l.airborne == 0 {
		return false
	}
	m, ok := l.conn.(connectors.Meter)
	if !ok {
		return true
	}
	var since time.Time
	return safely(func() error { _, since = m.Progress(); return nil }) != nil || !since.IsZero()
}

// lag is called with mu held. It tells why the client is too slow, if it is, else when that must
// be asked again: a message has waited for too long behind a write, or the wire has taken nothing
// for too long. What waits for the tick is not late.
func (l *link) lag(age time.Duration) (slow string, next time.Duration) {
	if l.airborne == 0 || l.OutboxAge == 0 {
		return "", 0
	}
	late := l.stalled(age) + l.OutboxAge
	if age >= late {
		return "takes nothing", 0
	}
	if made, ok := l.out.oldest(); ok {
		old := max(made-l.bornAt, 0) + l.OutboxAge
		if made == 0 {
			old = late
		}
		if age >= old {
			return "message too old", 0
		}
		late = min(late, old)
	}
	return "", late
}

// stuck is called with mu held. It tells whether a write is under way that gets nowhere; if not
// yet, when to ask again.
func (l *link) stuck(age time.Duration) (yes bool, next time.Duration) {
	if l.airborne == 0 {
		return false, 0
	}
	next = l.stalled(age) + stuckAfter
	return age >= next, next
}
