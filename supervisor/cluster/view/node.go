package view

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// Limits on what others may make a machine keep.
const (
	mostNodes  = 1024
	longestID  = 256
	mostNames  = 64
	keptSilent = time.Minute
	lastRound  = 1 << 62
)

// node is what is known of another one.
type node struct {
	member *messages.Member
	heard  time.Duration // when it was last
	sent   int64         // its clock then
	hears  time.Duration // our clock, as it last heard it
	echoed time.Duration // our clock, as it last gave it back
	within uint64        // the view it was in then
	told   int64         // its clock, as we last gave it back
	toldAt time.Duration // when we had heard that
	dead   bool
	spared bool // we have agreed to go on without it

	// As it says itself:
	view              uint64
	ballot            *messages.Ballot
	leaving, retiring bool
}

// know finds or makes a node; nil for what cannot be one.
func (m *Machine) know(who *messages.Member) *node {
	if !fits(who) || who.Address == m.self.Address || m.buried.has(who.Id) {
		return nil
	}
	n := m.nodes[who.Address]
	switch {
	case n == nil && len(m.nodes) >= mostNodes:
		return nil
	case n != nil && n.member.Id == who.Id:
		n.dead = false
		return n
	case n != nil: // another one at the same address: who was there is no more
		m.buried.add(n.member.Id)
	}
	n = &node{member: who, heard: m.now}
	m.nodes[who.Address] = n
	return n
}

// fits tells whether a node can be one.
func fits(who *messages.Member) bool {
	long := func(name string) bool { return len(name) > longestID }
	return who.GetId() != "" && who.GetAddress() != "" && !long(who.Id) && !long(who.Address) &&
		len(who.Roles) <= mostNames && len(who.Kinds) <= mostNames &&
		!slices.ContainsFunc(who.Roles, long) && !slices.ContainsFunc(who.Kinds, long)
}

// graves are ids that nobody may have again: at least the newest mostNodes of them.
type graves struct{ newer, older map[string]bool }

func (g *graves) has(id string) bool { return g.newer[id] || g.older[id] }

func (g *graves) add(id string) {
	if g.newer == nil || len(g.newer) >= mostNodes {
		g.newer, g.older = map[string]bool{}, g.newer
	}
	g.newer[id] = true
}

// forget lets go of nodes that have been silent for long and are no members.
func (m *Machine) forget() {
	for address, n := range m.nodes {
		if m.now-n.heard > keptSilent && !m.has(n.member.Id) {
			delete(m.nodes, address)
		}
	}
}

func (m *Machine) has(id string) bool {
	return slices.ContainsFunc(m.view.GetMembers(), func(x *messages.Member) bool { return x.Id == id })
}

// of is the node behind a member; nil when it has never been met, or is no more.
func (m *Machine) of(member *messages.Member) *node {
	if n := m.nodes[member.Address]; n != nil && n.member.Id == member.Id {
		return n
	}
	return nil
}

// isDead tells whether a member is no more, for certain.
func (m *Machine) isDead(member *messages.Member) bool {
	if member.Id == m.self.Id {
		return false
	}
	if n := m.nodes[member.Address]; n != nil {
		return n.dead || n.member.Id != member.Id
	}
	return member.Address == m.self.Address || m.buried.has(member.Id)
}

// isThere tells whether a member has been heard of lately.
func (m *Machine) isThere(member *messages.Member) bool {
	if member.Id == m.self.Id {
		return true
	}
	n := m.of(member)
	return n != nil && !n.dead && m.now-n.heard < m.config.Suspect
}

// isMute tells whether nothing more is to be given back to a node: it does not seem to hear us, or we
// have agreed on what comes next, perhaps without it, and do not know yet what that is.
func (m *Machine) isMute(n *node) bool {
	return n.spared || m.accepted != nil || m.has(n.member.Id) && m.now-max(n.hears, m.since) > m.config.Suspect
}

// isOut tells whether a member's lease, as far as it is ours to give, has run out for certain.
func (m *Machine) isOut(member *messages.Member) bool {
	return m.isGone(member) || m.now-m.lent(member) >= m.config.Expel
}

// isGone tells whether a member owns nothing any more, whoever vouches for it.
func (m *Machine) isGone(member *messages.Member) bool {
	n := m.of(member)
	return m.isDead(member) || n != nil && n.leaving
}

// lent is when we last vouched for a member. Others may have, in views before, until this one began.
func (m *Machine) lent(member *messages.Member) time.Duration {
	if n := m.of(member); n != nil {
		return max(m.since, n.toldAt)
	}
	return m.since
}

func (m *Machine) beatAll() {
	for _, n := range m.nodes {
		m.beat(n)
	}
}

func (m *Machine) beat(n *node) {
	if !m.isMute(n) {
		n.told, n.toldAt = n.sent, n.heard
	}
	b := &messages.Beat{Sent: int64(m.now), Echo: n.told, Heard: n.sent, Leaving: m.leaving, Retiring: m.retiring}
	if m.view != nil {
		b.View, b.Ballot = m.view.Number, m.view.Ballot
	}
	m.send(n.member, &messages.Peer{Body: &messages.Peer_Beat{Beat: b}})
}

// heardBeat notes what a node says of itself. Who is behind is told the view.
func (m *Machine) heardBeat(n *node, b *messages.Beat) {
	moved := b.View > 0 && (b.View != n.view || !same(b.Ballot, n.ballot))
	n.heard, n.sent, n.hears = m.now, b.Sent, min(time.Duration(b.Heard), m.now)
	n.view, n.ballot, n.leaving, n.retiring = b.View, b.Ballot, b.Leaving, b.Retiring
	if m.view == nil || b.View < m.number() || b.View == m.number() && same(b.Ballot, m.view.Ballot) {
		// who is ahead does not vouch for us: we may be in its view no more
		n.echoed, n.within = max(n.echoed, min(time.Duration(b.Echo), m.now)), b.View
	}
	if m.view != nil && (b.View < m.number() || b.View == m.number() && !same(b.Ballot, m.view.Ballot)) {
		m.send(n.member, &messages.Peer{Body: &messages.Peer_View{View: m.view}})
	}
	if moved { // it may wait for us to vouch for it there
		m.beat(n)
	}
}

// number is that of the view, zero for none.
func (m *Machine) number() uint64 { return m.view.GetNumber() }

// forever is a lease that nobody can end.
const forever = time.Duration(math.MaxInt64)

// Lease is until when the node stands, if nothing more is heard.
func (m *Machine) Lease() time.Duration {
	if m.view == nil || m.leaving || m.doomed {
		return 0
	}
	echoes := make([]echo, 0, len(m.view.Members))
	for i, x := range m.view.Members {
		if !m.isDead(x) {
			echoes = append(echoes, echo{m.vouched(x), i == 0})
		}
	}
	t := tally{all: len(m.view.Members), alive: len(echoes)}
	slices.SortFunc(echoes, func(a, b echo) int { return cmp.Compare(b.from, a.from) })
	for _, e := range echoes {
		if e.from == 0 {
			break
		}
		t.add(e.first)
		if t.quorum() && e.from == forever {
			return forever
		} else if t.quorum() {
			return e.from + m.config.Fence
		}
	}
	return 0
}

// echo is what a member has vouched for, and whether it is the first.
type echo struct {
	from  time.Duration
	first bool
}

// vouched is our clock as a member last gave it back, in this view or one before. One that has just become a member
// needs it from those who have heard that it is: they agree to nothing else in place of its view.
func (m *Machine) vouched(x *messages.Member) time.Duration {
	n := m.of(x)
	switch {
	case x.Id == m.self.Id:
		return forever
	case n == nil || n.within > m.number() || n.echoed < m.joined:
		return 0
	}
	return n.echoed
}
