package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// publishersTold is how many senders of one client's pushes are told of its pressure.
const publishersTold = 16

// gatherMost is how many times its hard limit may gather for a client until its wire takes no
// more: before that it is not the client that is slow.
const gatherMost = 4

// strain is called with mu held, when e would take the outbox over its soft limit. It makes
// room: what has been replaced goes first, then lossy pushes, the oldest first. When e itself
// is refused it is lossy, or the client is too slow. What waits does not wait for the tick any more.
func (l *link) strain(e *entry) (next outcome, refused bool) {
	l.out.compact()
	soft, need := l.softLimit(), e.cost()
	if n := l.out.shed(l.out.load() + need - soft); n > 0 {
		l.faults.add(messages.FaultShed, n)
		next |= toBeShed
	}
	load := l.out.load() + need
	if e.lossy && l.out.bytes+l.out.flying > 0 && (load > soft || l.shedding()) {
		l.faults.add(messages.FaultShed, 1)
		e.release()
		return next | toBeShed, true
	}
	most := l.OutboxHard
	if !l.waits() {
		most *= gatherMost
	}
	if l.out.bytes > 0 && load > most {
		return next | toBeClosed, true
	}
	if load > soft && !l.out.pressed {
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
		l.tellPressure()
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
	pressing := l.some().pressing
	known := !l.out.pressed || len(pressing) >= publishersTold
	for _, pid := range pressing {
		known = known || pid.Equal(from)
	}
	if !known {
		l.rarely().pressing = append(pressing, from)
	}
	m := l.pressure()
	l.mu.Unlock()
	if known {
		return
	}
	l.root.Send(from, m)
	l.mu.Lock()
	over := !l.out.pressed // meanwhile, and told before
	m = l.pressure()
	l.mu.Unlock()
	if over {
		l.root.Send(from, m)
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

// tellPressure tells the event stream of the state that is, and when it is over those who heeded
// it. One goroutine does it at a time, so that what is told last is true.
func (l *link) tellPressure() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.telling {
		return
	}
	l.telling = true
	for l.told != l.out.pressed {
		l.told = l.out.pressed
		m := l.pressure()
		var to []*actor.PID
		if !m.High && l.seldom != nil {
			to, l.seldom.pressing = l.seldom.pressing, nil
		}
		l.mu.Unlock()
		publish(l.system, m)
		for _, pid := range to {
			l.root.Send(pid, m)
		}
		l.mu.Lock()
	}
	l.telling = false
}

// pressure is called with mu held.
func (l *link) pressure() *messages.Pressure {
	return &messages.Pressure{
		Socket: l.pid, SessionId: l.session.Load().Id, High: l.out.pressed, Bytes: uint64(l.out.bytes + l.out.flying),
	}
}
