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
	l.mu.Lock()
	busy := l.slots.used() > 0
	l.mu.Unlock()
	// In this order: the reader notes that it handles frames before it looks whether it may,
	// and a request is owed its answer before its slot is free.
	if !busy && !l.feeding.Load() && l.owed.Load() == 0 {
		l.kick(*r, farewellOf(*r), nil)
	}
}

// dismiss closes the link now: what is in flight is answered with code 503.
func (l *link) dismiss(r connectors.Reason) {
	l.leaving.CompareAndSwap(nil, &r)
	l.mu.Lock()
	left := l.slots.releaseAll()
	l.owed.Add(int32(len(left)))
	l.wakeReader()
	l.mu.Unlock()
	for i := range left {
		if !left[i].notify {
			l.tally.busy.Add(1)
			l.answer(l.currentCodec(), left[i].origin, &messages.Response{Error: busyError()})
		}
		l.owed.Add(-1)
	}
	l.kick(r, farewellOf(r), nil)
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
