package actors

import (
	"sync/atomic"
	"time"
)

// gather holds a client whose answer is not written yet because more requests of it are in flight: those that
// lie behind it in the same mailbox are answered in the same write. The actor that answers flushes it before it
// turns to another client's request, and when nothing is left to do.
type gather struct {
	link    atomic.Pointer[link] // whose writing has been claimed
	held    atomic.Uint64        // how many so far
	watched atomic.Bool
}

// gatherTime is about how long an answer is held while a handler behind it takes its time.
const gatherTime = 2 * time.Millisecond

// hold takes over the writing from who has claimed it.
func (g *gather) hold(l *link) {
	n := g.held.Add(1)
	if before := g.link.Swap(l); before != nil {
		before.writeSoon()
	}
	if g.watched.CompareAndSwap(false, true) {
		time.AfterFunc(gatherTime, func() { g.look(n) })
	}
}

// look is what a timer does: an answer that is still the one it was is held no longer.
func (g *gather) look(n uint64) {
	g.watched.Store(false)
	switch now := g.held.Load(); {
	case now == n:
		g.flush()
	case g.link.Load() != nil && g.watched.CompareAndSwap(false, true):
		time.AfterFunc(gatherTime, func() { g.look(now) })
	}
}

// flush has written what is held.
func (g *gather) flush() {
	if g.link.Load() == nil {
		return
	}
	if l := g.link.Swap(nil); l != nil {
		l.writeSoon()
	}
}

// holds tells whether l is held, for the actor that answers.
func (g *gather) holds(l *link) bool { return g.link.Load() == l }
