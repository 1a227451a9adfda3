package cluster

import (
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

// place is the cluster as a node sees it, in one view. It is replaced, never changed.
type place struct {
	view    *messages.View
	self    *messages.Member
	kinds   map[string]*registry.Table // who has which identities
	members map[string]bool            // by address
	// settled: all members have let go of what is not theirs any more. Before, nobody takes anything up.
	settled bool
	// before is the place before this one, while this one is not settled: nil, if nothing of it has been kept.
	before *place
}

func newPlace(v *messages.View, self *messages.Member, before *place) *place {
	p := &place{view: v, self: self, before: before, kinds: map[string]*registry.Table{}, members: map[string]bool{}}
	for _, m := range v.Members {
		p.members[m.Address] = true
		if m.Id == self.Id {
			p.self = m // as the others see it
		}
		for _, k := range m.Kinds {
			if p.kinds[k] == nil {
				p.kinds[k] = tableOf(v, k)
			}
		}
	}
	return p
}

// tableOf says who has the identities of a kind: members that retire have none, unless there are no others.
func tableOf(v *messages.View, kind string) *registry.Table {
	has := func(m *messages.Member) bool { return slices.Contains(m.Kinds, kind) }
	stays := func(m *messages.Member) bool { return has(m) && !m.Retiring }
	if slices.ContainsFunc(v.Members, stays) {
		return registry.NewTable(v, stays)
	}
	return registry.NewTable(v, has)
}

// whenSettled is the same place, settled.
func (p *place) whenSettled() *place {
	q := *p
	q.settled, q.before = true, nil
	return &q
}

// keeps tells whether an identity is this node's to take up: in a view that is settled; or it has been
// all along, since the last one that was.
func (p *place) keeps(kind, identity string) bool {
	for ; p != nil && p.owner(kind, identity).GetId() == p.self.Id; p = p.before {
		if p.settled {
			return true
		}
	}
	return false
}

// owner is the member that an identity lives on; nil: none.
func (p *place) owner(kind, identity string) *messages.Member {
	if p == nil {
		return nil
	}
	t := p.kinds[kind]
	if t == nil {
		return nil
	}
	return t.Owner(identity)
}

// has tells whether a node is a member.
func (p *place) has(address string) bool { return p != nil && p.members[address] }

// others are the addresses of all members but this node that have a role; an empty one: of all.
func (p *place) others(role string) (addresses []string) {
	if p == nil {
		return nil
	}
	for _, m := range p.view.Members {
		if m.Id != p.self.Id && (role == "" || slices.Contains(m.Roles, role)) {
			addresses = append(addresses, m.Address)
		}
	}
	return addresses
}

// standing tells whether the node may act as a member: it is one, and has heard of most others
// lately. The clock is looked at each time, since a process may have been stopped for a while.
func (n *Node) standing() bool {
	return n.place.Load() != nil && n.now() < time.Duration(n.lease.Load())
}

// now is the time since the node was made; it goes on while the process is stopped.
func (n *Node) now() time.Duration { return time.Since(n.born) }
