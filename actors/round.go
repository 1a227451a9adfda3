package actors

import "sync"

// job is what the crew does: it writes to one client, or to many.
type job interface{ write() }

// roundMost is how many clients one goroutine of the crew writes to before it looks at what else there is to
// do, and what another one may do meanwhile.
const roundMost = 64

// round is clients whose pushes have waited for the same tick, and whose writing has been claimed: to hand them
// over one by one would cost more than to queue their pushes.
type round struct {
	crew  *pool[job]
	links []*link
}

var rounds = sync.Pool{New: func() any { return &round{links: make([]*link, 0, roundMost)} }}

// add takes over a claimed link, and begins when there are enough.
func (r *round) add(l *link) *round {
	if r == nil {
		r, _ = rounds.Get().(*round)
		r.crew = l.crew
	}
	if r.links = append(r.links, l); len(r.links) < roundMost {
		return r
	}
	r.begin()
	return nil
}

// begin has the crew write. A nil round has nobody.
func (r *round) begin() {
	if r != nil {
		r.crew.schedule(r)
	}
}

// write is the crew's. Who cannot be written to without waiting has a goroutine of his own.
func (r *round) write() {
	for i, l := range r.links {
		r.links[i] = nil
		l.writeSoon()
	}
	r.links, r.crew = r.links[:0], nil
	rounds.Put(r)
}
