package view

import (
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
	if who.GetId() == "" || who.GetAddress() == "" || who.Address == m.self.Address || m.buried[who.Id] ||
		len(who.Id) > longestID || len(who.Address) > longestID || len(who.Roles) > mostNames || len(who.Kinds) > mostNames {
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
		m.bury(n.member.Id)
	}
	n = &node{member: who, heard: m.now}
	m.nodes[who.Address] = n
	return n
}

// bury remembers an id that nobody may have again.
func (m *Machine) bury(id string) {
	if len(m.buried) >= mostNodes {
		clear(m.buried)
	}
	m.buried[id] = true
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
	n := m.nodes[member.Address]
	return n != nil && (n.dead || n.member.Id != member.Id)
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
	if m.isDead(member) {
		return true
	}
	last := m.since // others may have given it theirs until this view began
	if n := m.of(member); n != nil {
		if n.leaving {
			return true
		}
		last = max(last, n.toldAt)
	}
	return m.now-last >= m.config.Expel
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
	n.heard, n.sent, n.hears = m.now, b.Sent, time.Duration(b.Heard)
	n.view, n.ballot, n.leaving, n.retiring = b.View, b.Ballot, b.Leaving, b.Retiring
	if m.view == nil || b.View < m.number() || b.View == m.number() && same(b.Ballot, m.view.Ballot) {
		// who is ahead does not vouch for us: we may be in its view no more
		n.echoed, n.within = max(n.echoed, min(time.Duration(b.Echo), m.now)), b.View
	}
	if m.view != nil && (b.View < m.number() || b.View == m.number() && !same(b.Ballot, m.view.Ballot)) {
		m.send(n.member, &messages.Peer{Body: &messages.Peer_View{View: m.view}})
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
	var echoes []time.Duration
	for _, x := range m.view.Members {
		echoes = append(echoes, m.vouched(x))
	}
	slices.Sort(echoes)
	for _, from := range slices.Backward(echoes) {
		if from > 0 && m.quorum(func(x *messages.Member) bool { return m.vouched(x) >= from }) {
			if from == forever {
				return forever
			}
			return from + m.config.Fence
		}
	}
	return 0
}

// vouched is our clock as a member last gave it back, in this view or one before.
func (m *Machine) vouched(x *messages.Member) time.Duration {
	n := m.of(x)
	switch {
	case x.Id == m.self.Id:
		return forever
	case n == nil || n.within > m.number():
		return 0
	}
	return n.echoed
}

// alive are the members that are not dead for certain.
func (m *Machine) alive() (alive []*messages.Member) {
	for _, x := range m.view.GetMembers() {
		if !m.isDead(x) {
			alive = append(alive, x)
		}
	}
	return alive
}

// quorum tells whether those for whom yes is true may speak for the view: any two quorums have a member in common that
// lives, whoever has died since. More than half are one. When some are dead for certain, half are enough, and in any
// case all who are not dead: a quorum of dead ones has nobody left to act on what it agreed to.
func (m *Machine) quorum(yes func(*messages.Member) bool) bool {
	count, alive, all := 0, m.alive(), len(m.view.Members)
	for _, x := range alive {
		if yes(x) {
			count++
		}
	}
	return 2*count > all || count == len(alive) || len(alive) < all && 2*count >= all
}
