package actors

import (
	"cmp"
	"slices"
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
	seq    uint64 // of the request in it; its low 16 bits are the index
	busy   bool
	notify bool
	next   uint16 // free slot, as in slots.free
	bytes  int32
	began  time.Duration // since the link was born
	to     *target       // that counts it, or nil
	origin connectors.Origin
	away   *away // for a request that has left the node
}

// Layout of a Seq: 48 bits of generation, 16 bits of index.
const (
	seqIndex = 1<<16 - 1
	seqNext  = 1 << 16
)

// used is how many requests are in flight.
func (s *slots) used() int { return s.busy }

// take puts a request in flight and returns its slot.
func (s *slots) take(o connectors.Origin, notify bool, bytes int, began time.Duration) *slot {
	if s.free == 0 {
		i := len(s.list)
		s.list = append(s.list, slot{seq: uint64(i)})
		s.free = uint16(i + 1)
	}
	t := &s.list[s.free-1]
	s.free = t.next
	s.busy++
	t.seq += seqNext
	t.busy, t.notify, t.bytes, t.began, t.origin = true, notify, int32(bytes), began, o
	s.bytes += bytes
	return t
}

// release frees the slot of seq. It is not ok when nothing with that Seq is in flight.
func (s *slots) release(seq uint64) (t slot, ok bool) {
	i := int(seq & seqIndex)
	if i >= len(s.list) || s.list[i].seq != seq || !s.list[i].busy {
		return slot{}, false
	}
	t = s.list[i]
	t.to.leave()
	s.bytes -= int(t.bytes)
	s.list[i].busy, s.list[i].origin, s.list[i].to, s.list[i].next = false, connectors.Origin{}, nil, s.free
	s.list[i].away = nil
	s.free = uint16(i + 1)
	s.busy--
	return t, true
}

// releaseOldest frees the slot of the request that has been in flight for longest. It is not
// ok when there is none.
func (s *slots) releaseOldest() (t slot, ok bool) {
	var oldest *slot
	for i := range s.list {
		if c := &s.list[i]; c.busy && (oldest == nil || c.began < oldest.began) {
			oldest = c
		}
	}
	if oldest == nil {
		return slot{}, false
	}
	return s.release(oldest.seq)
}

// expired releases what began at or before a moment, and tells when the oldest of the others
// began: negative when there is none.
func (s *slots) expired(before time.Duration) (due []slot, oldest time.Duration) {
	oldest = -1
	for i := range s.list {
		t := &s.list[i]
		switch {
		case !t.busy:
		case t.began <= before:
			if d, ok := s.release(t.seq); ok {
				due = append(due, d)
			}
		case oldest < 0 || t.began < oldest:
			oldest = t.began
		}
	}
	return due, oldest
}

// releaseAll frees all slots and returns what was in flight, the oldest first.
func (s *slots) releaseAll() (all []slot) {
	for i := range s.list {
		if t, ok := s.release(s.list[i].seq); ok {
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b slot) int { return cmp.Compare(a.began, b.began) })
	return all
}
