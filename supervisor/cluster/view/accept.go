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
	switch b := p.GetBody().(type) {
	case *messages.Peer_Beat:
		m.heardBeat(n, b.Beat)
	case *messages.Peer_View:
		m.heardView(b.View)
	case *messages.Peer_Prepare:
		if m.current(n, b.Prepare.View) {
			m.send(n.member, m.prepared(b.Prepare))
		}
	case *messages.Peer_Accept:
		if m.current(n, b.Accept.View) && b.Accept.Ballot != nil && proper(b.Accept.Value, b.Accept.View) {
			m.send(n.member, m.decide(b.Accept))
		}
	case *messages.Peer_Promise:
		m.heardPromise(n.member.Id, b.Promise)
	case *messages.Peer_Accepted:
		m.heardAccepted(n.member.Id, b.Accepted)
	}
	m.propose()
	return m.flush()
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
	if v.GetNumber() != after+1 || len(v.Members) == 0 || len(v.Members) > mostNodes || v.Ballot == nil {
		return false
	}
	ids := map[string]bool{}
	for _, x := range v.Members {
		if x.GetId() == "" || x.GetAddress() == "" || ids[x.Id] {
			return false
		}
		ids[x.Id] = true
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
	}
	return &messages.Peer{Body: &messages.Peer_Promise{Promise: a}}
}

// decide answers phase 2a. From when it agrees to it, the node gives nobody a lease until it knows what has become of it.
func (m *Machine) decide(p *messages.Accept) *messages.Peer {
	a := &messages.Accepted{View: p.View, Ballot: p.Ballot}
	m.round = max(m.round, p.Ballot.GetRound())
	if less(p.Ballot, m.promised) || !m.mayFollow(p.Value) {
		a.Ballot, a.Refused = m.promised, true
		if !same(p.Ballot, p.Value.Ballot) {
			m.doom(p.Value)
		}
	} else {
		m.promised, m.accepted, m.by = p.Ballot, p.Value, p.Ballot
		m.pending = m.now
		for _, x := range m.missing(p.Value) {
			if n := m.of(x); n != nil {
				n.spared = true
			}
		}
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

// mayFollow tells whether all those whom a view leaves out hold no lease of ours.
func (m *Machine) mayFollow(v *messages.View) bool {
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
	case !proper(v, v.GetNumber()-1) || v.Number == 0 || v.Number < m.number():
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
		m.view, m.since, m.acceptor, m.proposer = v, m.now, acceptor{}, proposer{round: m.round}
		for _, n := range m.nodes {
			n.spared = false
		}
		m.stood = m.Standing(m.now)
		m.event(Event{Kind: Installed, View: v, Came: without(v, before), Gone: without(before, v)})
		if before != nil && !m.stood && !m.leaving {
			m.event(Event{Kind: Fenced, View: v})
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
	m.bury(m.self.Id)
	m.view, m.stood, m.acceptor, m.proposer = nil, false, acceptor{}, proposer{round: m.round}
	m.renew()
	m.event(Event{Kind: Resigned})
}
