package registry

import (
	"slices"
	"strings"

	"github.com/fairlead-go/fairlead/messages"
)

// Slots is how many parts the keys of a kind are split into.
const Slots = 4096

// A Table says which member owns each slot of a kind in a view. It never changes.
type Table struct {
	owners []*messages.Member // of each slot; empty when nobody is eligible
}

// NewTable shares the slots out among the members of v that are eligible. When a member goes only its own slots
// move, and one that comes takes its share from all. A nil view has no members.
func NewTable(v *messages.View, eligible func(*messages.Member) bool) *Table {
	var members []*messages.Member
	for _, m := range v.GetMembers() {
		if eligible(m) {
			members = append(members, m)
		}
	}
	if len(members) == 0 {
		return &Table{}
	}
	// The greatest score wins a slot; of two equal ones the first by id, which is the same in every process.
	slices.SortFunc(members, func(a, b *messages.Member) int { return strings.Compare(a.GetId(), b.GetId()) })
	seeds := make([]uint64, len(members))
	for i, m := range members {
		seeds[i] = hash(m.GetId())
	}
	t := &Table{owners: make([]*messages.Member, Slots)}
	for slot := range t.owners {
		winner, best, salt := 0, uint64(0), mix(uint64(slot)+1)
		for i, seed := range seeds {
			if score := mix(seed ^ salt); score > best {
				winner, best = i, score
			}
		}
		t.owners[slot] = members[winner]
	}
	return t
}

// Owner is who owns the slot of key, nil when nobody is eligible.
func (t *Table) Owner(key string) *messages.Member {
	if len(t.owners) == 0 {
		return nil
	}
	return t.owners[Slot(key)]
}

// Slot is the slot that a key falls into, the same in all processes.
func Slot(key string) int { return int(hash(key) % Slots) }

// hash is FNV-1a, mixed since its low bits alone are poor for short keys.
func hash(key string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	return mix(h)
}

// mix is the end of splitmix64: each bit of x moves about half of the bits of the result.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
