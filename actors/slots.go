package actors

import (
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// slots are the requests of one client that are in flight. The owner's mutex
// guards them. A slot's number and generation make the Seq by which its answer
// comes back; an answer that is late, or second, finds another generation.
type slots struct {
	list  []slot
	free  uint16 // index of the first free slot, plus one; zero: none
	busy  int
	bytes int // bodies in flight
}

type slot struct {
	seq      uint64 // of the request in it; its low 16 bits are the index
	busy     bool
	notify   bool
	next     uint16 // free slot, as in slots.free
	bytes    int32
	deadline time.Duration // since the link was born
	origin   connectors.Origin
}

// Layout of a Seq: 48 bits of generation, 16 bits of index.
const (
	seqIndex = 1<<16 - 1
	seqNext  = 1 << 16
)

// used is how many requests are in flight.
func (s *slots) used() int { return s.busy }

// take puts a request in flight and returns its Seq.
func (s *slots) take(o connectors.Origin, notify bool, bytes int, deadline time.Duration) uint64 {
	if s.free == 0 {
		i := len(s.list)
		s.list = append(s.list, slot{seq: uint64(i)})
		s.free = uint16(i + 1)
	}
	t := &s.list[s.free-1]
	s.free = t.next
	s.busy++
	t.seq += seqNext
	t.busy, t.notify, t.bytes, t.deadline, t.origin = true, notify, int32(bytes), deadline, o
	s.bytes += bytes
	return t.seq
}

// release frees the slot of seq. It is not ok when nothing with that Seq is in flight.
func (s *slots) release(seq uint64) (t slot, ok bool) {
	i := int(seq & seqIndex)
	if i >= len(s.list) || s.list[i].seq != seq || !s.list[i].busy {
		return slot{}, false
	}
	t = s.list[i]
	s.bytes -= int(t.bytes)
	s.list[i].busy, s.list[i].origin, s.list[i].next = false, connectors.Origin{}, s.free
	s.free = uint16(i + 1)
	s.busy--
	return t, true
}

// expired releases what is due at now, and tells when the next is. Zero: none.
func (s *slots) expired(now time.Duration) (due []slot, next time.Duration) {
	for i := range s.list {
		t := &s.list[i]
		switch {
		case !t.busy:
		case t.deadline <= now:
			if d, ok := s.release(t.seq); ok {
				due = append(due, d)
			}
		case next == 0 || t.deadline < next:
			next = t.deadline
		}
	}
	return due, next
}
