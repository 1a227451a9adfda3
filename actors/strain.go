package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// publishersTold is how many senders of one client's pushes are told of its pressure.
const publishersTold = 16

// strain is called with mu held, when e would take the outbox over its soft limit. It makes
// room: what has been replaced goes first, then lossy pushes, the oldest first. When e itself
// is refused it is lossy, or the client is too slow.
func (l *link) strain(e *entry) (next outcome, refused bool) {
	l.out.compact()
	soft, need := l.softLimit(), e.cost()
	if n := l.out.shed(l.out.load() + need - soft); n > 0 {
		l.faults.add(messages.FaultShed, n)
		next |= toBeShed
	}
	load := l.out.load() + need
	switch {
	case e.lossy && l.out.bytes+l.out.flying > 0 && (load > soft || l.shedding()):
		l.faults.add(messages.FaultShed, 1)
		e.release()
		return next | toBeShed, true
	case l.out.bytes > 0 && load > l.OutboxHard:
		return next | toBeClosed, true
	case load > soft && !l.out.pressed:
		l.out.pressed = true
		next |= toBeTold
	}
	return next, false
}

// softLimit is half as much when memory is short.
func (l *link) softLimit() int {
	if l.level.Load() >= levelThrift {
		return l.OutboxSoft / 2
	}
	return l.OutboxSoft
}

// shedding tells whether lossy pushes are dropped as soon as anything waits.
func (l *link) shedding() bool { return l.level.Load() >= levelRefuse }

// strained does what enqueue found was to be done, besides writing.
func (l *link) strained(next outcome) {
	if next&toBeShed != 0 {
		l.tellFault(messages.FaultShed, scene{session: l.session.Load().Id})
	}
	if next&toBeTold != 0 {
		l.tellPressure(true)
	}
	if next&toBeClosed != 0 {
		l.tooSlow("outbox full")
	}
}

func (l *link) tooSlow(text string) {
	l.end(connectors.Reason{Cause: messages.CauseSlow, Text: text})
}

// heed remembers who pushed as a request while there is pressure, and tells them of it.
func (l *link) heed(from *actor.PID) {
	l.mu.Lock()
	known := !l.out.pressed || len(l.pressing) >= publishersTold
	for _, pid := range l.pressing {
		known = known || pid.Equal(from)
	}
	if !known {
		l.pressing = append(l.pressing, from)
	}
	bytes := l.out.bytes + l.out.flying
	l.mu.Unlock()
	if !known {
		l.root.Send(from, l.pressure(true, bytes))
	}
}

// relieved is called with mu held, after a write. It tells whether there was pressure and is
// none any more.
func (l *link) relieved() bool {
	if !l.out.pressed || l.out.load() > l.softLimit()/2 {
		return false
	}
	l.out.pressed = false
	return true
}

// tellPressure tells the event stream, and at its end those who heeded it.
func (l *link) tellPressure(high bool) {
	l.mu.Lock()
	bytes := l.out.bytes + l.out.flying
	var to []*actor.PID
	if !high {
		to, l.pressing = l.pressing, nil
	}
	l.mu.Unlock()
	m := l.pressure(high, bytes)
	publish(l.system, m)
	for _, pid := range to {
		l.root.Send(pid, m)
	}
}

func (l *link) pressure(high bool, bytes int) *messages.Pressure {
	return &messages.Pressure{Socket: l.pid, SessionId: l.session.Load().Id, High: high, Bytes: uint64(bytes)}
}
