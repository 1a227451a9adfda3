package view

import (
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// acceptor is a machine's part in what others propose to follow its view.
type acceptor struct {
	promised *messages.Ballot // no proposal with a lesser one is accepted
	accepted *messages.View   // nil: none
	by       *messages.Ballot // of the proposal in which it was
	doomed   bool             // the node is to accept a view that it is not in, and does not stand any more
}

// less orders ballots.
func less(a, b *messages.Ballot) bool {
	if a.GetRound() != b.GetRound() {
		return a.GetRound() < b.GetRound()
	}
	return a.GetBy() < b.GetBy()
}

func same(a, b *messages.Ballot) bool { return !less(a, b) && !less(b, a) }

// Heard tells what a node says. What is not for a machine is ignored.
func (m *Machine) Heard(now time.Duration, from *messages.Member, p *messages.Peer) Out {
	m.at(now)
	n := m.know(from)
	if n == nil || n.member.Id != from.GetId() {
		return m.flush()
	}
	if b := p.GetBeat(); b != nil {
		m.heardBeat(n, b)
	} else if v := p.GetView(); v != nil {
		m.heardView(v)
	} else {
		m.heardProposal(n, p)
	}
	m.propose()
	return m.flush()
}

// heardProposal is what others propose, and what they answer us. A round that no counting leads to
// is none: whoever took it up could not outdo it.
func (m *Machine) heardProposal(n *node, p *messages.Peer) {
	if q := p.GetPrepare(); q != nil && m.current(n, q.View) && q.Ballot.GetRound() < lastRound {
		m.send(n.member, m.prepared(q))
	} else if q := p.GetAccept(); q != nil && m.current(n, q.View) && q.Ballot != nil && q.Ballot.Round < lastRound && proper(q.Value, q.View) {
		m.send(n.member, m.decide(q))
	} else if a := p.GetPromise(); a != nil && a.Ballot.GetRound() < lastRound {
		m.heardPromise(n.member.Id, a)
	} else if a := p.GetAccepted(); a != nil && a.Ballot.GetRound() < lastRound {
		m.heardAccepted(n.member.Id, a)
	}
}

// current tells whether a proposal is about what follows our view. Who is behind is told.
func (m *Machine) current(n *node, number uint64) bool {
	if m.view != nil && number < m.number() {
		m.send(n.member, &messages.Peer{Body: &messages.Peer_View{View: m.view}})
	}
	return number == m.number() && (number > 0 || !m.exists())
}

// proper tells whether a view can follow another one.
func proper(v *messages.View, after uint64) bool {
	if v == nil || v.Number != after+1 || v.Number == 0 || len(v.Members) == 0 || len(v.Members) > mostNodes || v.Ballot == nil {
		return false
	}
	ids, addresses := map[string]bool{}, map[string]bool{}
	for _, x := range v.Members {
		if !fits(x) || ids[x.Id] || addresses[x.Address] {
			return false
		}
		ids[x.Id], addresses[x.Address] = true, true
	}
	return true
}

// prepared answers phase 1a.
func (m *Machine) prepared(p *messages.Prepare) *messages.Peer {
	m.round = max(m.round, p.GetBallot().GetRound())
	a := &messages.Promise{View: p.View, Ballot: p.Ballot, Accepted: m.accepted, AcceptedBy: m.by}
	if !less(m.promised, p.Ballot) {
		a = &messages.Promise{View: p.View, Ballot: m.promised, Refused: true}
	} else {
		m.promised = p.Ballot
		m.yield()
	}
	return &messages.Peer{Body: &messages.Peer_Promise{Promise: a}}
}

// decide answers phase 2a. From when it agrees to it, the node gives nobody a lease until it knows what has become of it.
func (m *Machine) decide(p *messages.Accept) *messages.Peer {
	a := &messages.Accepted{View: p.View, Ballot: p.Ballot}
	m.round = max(m.round, p.Ballot.GetRound())
	switch {
	case less(p.Ballot, m.promised):
		a.Ballot, a.Refused = m.promised, true
	case !m.mayFollow(p.Value):
		a.Ballot, a.Refused = m.promised, true
		if !same(p.Ballot, p.Value.Ballot) {
			m.doom(p.Value)
		}
	default:
		m.promised, m.accepted, m.by = p.Ballot, p.Value, p.Ballot
		m.pending = m.now
		for _, x := range m.missing(p.Value) {
			if n := m.of(x); n != nil {
				n.spared = true
			}
		}
		m.yield()
	}
	return &messages.Peer{Body: &messages.Peer_Accepted{Accepted: a}}
}

// doom begins to let the leases run out of those whom a view leaves out. It has come up before, and may have been agreed
// on then: sooner or later it must be accepted, even if it does not fit any more.
func (m *Machine) doom(v *messages.View) {
	for _, x := range m.missing(v) {
		if x.Id == m.self.Id {
			m.doomed = true
		} else if n := m.of(x); n != nil {
			n.spared = true
		}
	}
}

// mayFollow tells whether all those whom a view leaves out hold no lease of ours, nor anybody who is in a later view
// already: what that one is we are about to hear.
func (m *Machine) mayFollow(v *messages.View) bool {
	for _, n := range m.nodes {
		if n.view > m.number() && !n.dead && m.now-n.toldAt < m.config.Expel {
			return false
		}
	}
	for _, x := range m.missing(v) {
		if x.Id == m.self.Id && !m.leaving && !m.doomed || x.Id != m.self.Id && !m.isOut(x) {
			return false
		}
	}
	return true
}

// missing are the members that a view leaves out.
func (m *Machine) missing(v *messages.View) (missing []*messages.Member) { return without(m.view, v) }

// without are the members of a that are not in b.
func without(a, b *messages.View) (missing []*messages.Member) {
	in := map[string]bool{}
	for _, x := range b.GetMembers() {
		in[x.Id] = true
	}
	for _, x := range a.GetMembers() {
		if !in[x.Id] {
			missing = append(missing, x)
		}
	}
	return missing
}

// heardView learns what has been agreed on.
func (m *Machine) heardView(v *messages.View) {
	switch {
	case !proper(v, v.Number-1) || v.Number < m.number():
	case m.view == nil && m.leaving: // it has left
	case v.Number > m.number():
		m.follow(v)
	case m.view != nil && less(m.view.Ballot, v.Ballot): // somebody was taken for dead who was not
		m.resign()
	}
}

// follow goes over to a view, or gives up when the node is not in it.
func (m *Machine) follow(v *messages.View) {
	before := m.view
	in := false
	for _, x := range v.Members {
		in = in || x.Id == m.self.Id
		if m.nodes[x.Address] == nil { // what a node says of itself is newer
			m.know(x)
		}
	}
	switch {
	case in:
		if before == nil {
			m.now++ // so that no beat of before has the same time
			m.joined = m.now
		}
		m.view, m.since, m.acceptor, m.proposer = v, m.now, acceptor{}, proposer{round: m.round}
		for _, n := range m.nodes {
			n.spared = false
		}
		if stands := m.Standing(m.now); stands != m.stood {
			m.stood, m.steady = stands, m.now
		}
		m.fenced = false
		m.event(Event{Kind: Installed, View: v, Came: without(v, before), Gone: without(before, v)})
		if before != nil && !m.stood && !m.leaving {
			m.fence()
		}
		m.beatAll() // they vouch for us the sooner
	case before != nil && m.leaving:
		m.view, m.stood = nil, false
		m.event(Event{Kind: Left})
	case before != nil:
		m.resign()
	}
}

// resign gives up all that the node was, and begins again.
func (m *Machine) resign() {
	m.buried.add(m.self.Id)
	m.view, m.stood, m.fenced, m.acceptor, m.proposer = nil, false, false, acceptor{}, proposer{round: m.round}
	m.renew()
	m.event(Event{Kind: Resigned})
}
