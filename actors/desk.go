package actors

import (
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// desk is the place of one actor of ours that answers requests. It outlives the actor and its mailbox.
//
// To wake a worker for a request costs more than most handlers do. So a goroutine that brings frames, and can be
// lent (connectors.Borrower), runs the mailbox itself when nobody does; unless its handlers are known to take
// long: then others would have to be woken to go on in its place.
type desk struct {
	box    atomic.Pointer[mailbox]
	credit atomic.Int32
	held   gather
	more   atomic.Int64 // requests that wait, beyond one for each message
	runs   atomic.Uint32
	rest   atomic.Pointer[asks] // of those the handling of which has failed: it is next
}

// How a desk finds out whether its handlers are quick.
const (
	briskTime  = 100 * time.Microsecond // what a request may take, on average
	briskRun   = time.Millisecond       // what a run of requests may
	briskMost  = 64                     // credit of those that have been quick for long
	briskFine  = 33                     // and what a slow run costs: one of so many may be slow
	briskStart = 8                      // quick runs before the first on a goroutine that is lent
	briskEach  = 4                      // of those with most credit one in so many runs is timed
)

func newDesk() *desk {
	d := &desk{}
	d.credit.Store(-briskStart)
	return d
}

// brisk tells whether what its handlers did lately was quick.
func (d *desk) brisk() bool { return d.credit.Load() > 0 }

// leave leaves requests in the mailbox. If nobody handles them and the handlers are quick, that is added to turn.
func (d *desk) leave(turn *connectors.Turn, a *asks) {
	m := d.box.Load()
	if most := m.kind.limit; most > 0 && len(a.list) > 1 {
		if room := max(most-m.UserMessageCount(), 0); room < len(a.list) {
			defer m.tellFull(a.split(room))
		}
	}
	if len(a.list) > 0 {
		m.post(turn, a)
	}
}

// failed is called when the handling of msg has failed: only the request that it got to has. What its client has asked
// behind that is kept.
func (d *desk) failed(msg any) {
	if a, ok := msg.(*asks); ok && a.done > 0 && a.done < len(a.list) {
		d.more.Add(int64(len(a.list) - a.done))
		d.rest.Store(a.split(a.done))
	}
}

// kept is what failed has kept, once; nil: nothing.
func (d *desk) kept() *asks {
	if d == nil || d.rest.Load() == nil {
		return nil
	}
	a := d.rest.Swap(nil)
	if a != nil {
		d.more.Add(-int64(len(a.list)))
	}
	return a
}

// begin is called when a run begins. It is the time, or zero for a run that is not timed.
func (d *desk) begin() (began time.Time) {
	if d.runs.Add(1)%briskEach == 0 || d.credit.Load() < briskMost {
		began = time.Now()
	}
	return began
}

// ran notes that a run has handled n requests since it began, and that no more come for now.
func (d *desk) ran(n int, began time.Time) {
	d.held.flush()
	if began.IsZero() {
		return
	}
	took, c := time.Since(began), d.credit.Load()
	if took > briskRun || took > time.Duration(n)*briskTime {
		d.credit.Store(max(c-briskFine, -briskMost))
	} else {
		d.credit.Store(min(c+1, briskMost))
	}
}
