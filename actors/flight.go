package actors

import (
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

const (
	// lookEvery is how often a write that takes long is looked at.
	lookEvery = 100 * time.Millisecond
	// A client whose write has taken nothing for stuckAfter is stuck: it is not waited for when
	// it is to go.
	stuckAfter = 250 * time.Millisecond
)

// flight is the write under way, as far as it must be known whether it gets on. It costs nothing
// while writes are short: the first look is a quarter of Limits.OutboxAge after the beginning.
type flight struct {
	on     bool          // else there is none
	moved  time.Duration // the link's age when it last was seen to get on
	looked bool
	seen   uint64 // what the wire had taken then
}

// takeOff is called with mu held, when a write begins.
func (l *link) takeOff() {
	age := time.Since(l.born)
	l.flight = flight{on: true, moved: age}
	if l.OutboxAge > 0 {
		l.ringBy(age + l.OutboxAge/4)
	}
}

// look is called with mu held.
func (l *link) look(age time.Duration) {
	taken, ok := l.taken()
	if f := &l.flight; ok && (!f.looked || taken != f.seen) {
		f.looked, f.seen, f.moved = true, taken, age
	}
}

// taken is how many bytes the wire has taken, if its Conn can tell.
func (l *link) taken() (n uint64, ok bool) {
	if m, is := l.conn.(connectors.Meter); is {
		ok = safely(func() error { n = m.Taken(); return nil }) == nil
	}
	return n, ok
}

// lag is called with mu held. It tells why the client is too slow, if it is, else when that must
// be asked again: a message has waited for too long behind a write, or the wire has taken nothing
// for too long. What waits for the tick is not late.
func (l *link) lag(age time.Duration) (slow string, next time.Duration) {
	if !l.flight.on || l.OutboxAge == 0 {
		return "", 0
	}
	next = age + min(lookEvery, l.OutboxAge/4)
	if made, ok := l.out.oldest(); ok {
		late := made - l.bornAt + l.OutboxAge
		if age >= late {
			return "message too old", 0
		}
		next = min(next, late)
	}
	l.look(age)
	late := l.flight.moved + l.OutboxAge
	if age >= late {
		return "takes nothing", 0
	}
	return "", min(next, late)
}

// stuck is called with mu held. It tells whether a write is under way that gets nowhere.
func (l *link) stuck(age time.Duration) bool {
	if !l.flight.on {
		return false
	}
	l.look(age)
	return age-l.flight.moved >= stuckAfter
}
