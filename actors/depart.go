package actors

import (
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// depart asks the client to go as soon as nothing of it is in flight: nothing more is read
// from it. One that is not ready yet will be refused.
func (l *link) depart(r *connectors.Reason) {
	if l.currentCodec() == nil {
		return
	}
	l.leaving.CompareAndSwap(nil, r)
	l.mayDepart()
}

// mayDepart is called whenever a request has ended. The last one of a client that is to go
// lets it go.
func (l *link) mayDepart() {
	r := l.leaving.Load()
	if r == nil {
		return
	}
	// In this order: a request goes from the reader to a slot, and from there to who owes its
	// answer, and is never in none of them.
	if l.feeding.Load() || l.inFlight() > 0 || l.owed.Load() != 0 {
		return
	}
	l.kick(*r, farewellOf(*r), nil)
}

// dismiss lets the client go now: what is in flight, and what the reader has yet to find room for,
// is answered with code 503.
func (l *link) dismiss(r connectors.Reason) {
	l.leaving.CompareAndSwap(nil, &r)
	l.mu.Lock()
	l.late = true
	left := l.slots.releaseAll()
	l.owed.Add(int32(len(left)))
	l.rarely().force = l.age(time.Now()) + flushTime
	l.ringBy(l.seldom.force)
	l.wakeReader()
	l.mu.Unlock()
	for i := range left {
		l.refuse(left[i].origin, left[i].notify)
		l.owed.Add(-1)
	}
	l.mayDepart()
}

// farewellOf is the kick that tells a reason.
func farewellOf(r connectors.Reason) *messages.Kick {
	return &messages.Kick{
		Reason:       r.Text,
		RetryAfterMs: uint32(r.RetryAfter / time.Millisecond),
		SpreadMs:     uint32(r.Spread / time.Millisecond),
	}
}

// inFlight is how many requests are not answered.
func (l *link) inFlight() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(l.slots.used())
}

func busyError() *messages.Error { return messages.NewError(messages.CodeBusy, "busy") }
