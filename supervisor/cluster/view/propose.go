package view

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/messages"
)

// proposer is a machine's part in proposing what follows its view.
type proposer struct {
	round    uint64        // the greatest heard of
	open     *proposal     // nil: none
	next     time.Duration // when it may try again
	wanted   time.Duration // since when there is something to propose; zero: there is not
	pending  time.Duration // when something was accepted whose end is not known
	refusals int           // in a row
}

// proposal is a try to agree on what follows a view.
type proposal struct {
	ballot   *messages.Ballot
	began    time.Duration
	value    *messages.View   // what acceptors have accepted before, or nil
	by       *messages.Ballot // the greatest in which they have
	promised map[string]bool
	accepted map[string]bool
	put      bool // phase 2 has begun
}

// Times of proposals, in beats.
const (
	tryBeats  = 2 // a try that has got no answer is over
	rankBeats = 1 // each further member waits so much longer for those before it
)

// propose does what is due.
func (m *Machine) propose() {
	if p := m.open; p != nil && m.now-p.began > tryBeats*m.config.Beat {
		m.fail()
	}
	if m.leaving && m.view != nil && !slices.ContainsFunc(m.view.Members, m.remains) {
		m.view, m.stood = nil, false
		m.event(Event{Kind: Left})
	}
	want := m.want()
	stuck := m.accepted != nil && m.now-m.pending > tryBeats*m.config.Beat
	switch {
	case m.open != nil || m.view == nil && (m.leaving || m.exists()):
		return
	case want == nil && !stuck:
		m.wanted = 0
		return
	case m.wanted == 0:
		m.wanted = m.now
	}
	turn := m.wanted + time.Duration(m.rank()*rankBeats)*m.config.Beat
	if m.now < max(turn, m.next) {
		return
	}
	m.round++
	m.open = &proposal{
		ballot: &messages.Ballot{Round: m.round, By: m.self.Id}, began: m.now,
		promised: map[string]bool{}, accepted: map[string]bool{},
	}
	ask := &messages.Prepare{View: m.number(), Ballot: m.open.ballot}
	m.toAcceptors(&messages.Peer{Body: &messages.Peer_Prepare{Prepare: ask}})
	m.heardPromise(m.self.Id, m.prepared(ask).GetPromise())
}

// remains tells whether a member is another one that neither leaves nor is gone.
func (m *Machine) remains(x *messages.Member) bool { return x.Id != m.self.Id && !m.isOut(x) }

// fail ends a try. The next one comes after a pause, which differs between nodes.
func (m *Machine) fail() {
	m.open = nil
	m.refusals = min(m.refusals+1, 4)
	m.next = m.now + time.Duration(float64(m.refusals)*(0.5+m.config.Rand())*float64(m.config.Beat))
}

// rank is how many members that are there come before this one.
func (m *Machine) rank() (before int) {
	for _, x := range m.acceptors() {
		if x.Id == m.self.Id {
			break
		}
		if m.isThere(x) {
			before++
		}
	}
	return before
}

// acceptors are those who agree on what follows: the members, or of the first view those who want to be.
func (m *Machine) acceptors() []*messages.Member {
	if m.view == nil {
		return m.founders()
	}
	return m.alive()
}

// founders are the nodes that could make the first view, in the order of their ids.
func (m *Machine) founders() []*messages.Member {
	list := []*messages.Member{m.self}
	for _, n := range m.nodes {
		if n.view == 0 && !n.leaving && n.sent > 0 && m.isThere(n.member) {
			list = append(list, n.member)
		}
	}
	slices.SortFunc(list, func(a, b *messages.Member) int { return cmp.Compare(a.Id, b.Id) })
	return list
}

// exists tells whether there is a cluster already: nobody is to make another one.
func (m *Machine) exists() bool {
	for _, n := range m.nodes {
		if n.view > 0 && !n.dead {
			return true
		}
	}
	return false
}

// enough tells whether so many are.
func (m *Machine) enough(yes map[string]bool) bool {
	if m.view == nil {
		return len(yes) >= m.config.Expect
	}
	return m.quorum(yes)
}

func (m *Machine) toAcceptors(p *messages.Peer) {
	for _, x := range m.acceptors() {
		if x.Id != m.self.Id {
			m.send(x, p)
		}
	}
}

// want is what should follow the view; nil: nothing.
func (m *Machine) want() *messages.View {
	if m.view == nil {
		if f := m.founders(); !m.exists() && len(f) >= m.config.Expect && m.now >= 2*m.config.Beat {
			return &messages.View{Number: 1, Members: f}
		}
		return nil
	}
	v := &messages.View{Number: m.number() + 1}
	changed := false
	for _, x := range m.view.Members {
		y := m.stays(x)
		changed = changed || y != x
		if y != nil {
			v.Members = append(v.Members, y)
		}
	}
	for _, x := range m.newcomers() {
		changed = true
		v.Members = append(v.Members, x)
	}
	if !changed || len(v.Members) == 0 {
		return nil
	}
	return v
}

// stays is a member as it should be in the next view; nil: not at all.
func (m *Machine) stays(x *messages.Member) *messages.Member {
	leaving, retiring := m.leaving, m.retiring
	if x.Id != m.self.Id {
		if m.isGone(x) || m.isSilent(x) {
			return nil
		}
		n := m.of(x)
		leaving, retiring = false, n != nil && n.retiring
	}
	switch {
	case leaving:
		return nil
	case retiring && !x.Retiring:
		y := proto.CloneOf(x)
		y.Retiring = true
		return y
	}
	return x
}

// isSilent tells whether a member is to be left out because it has been cut off from us: so long that it is out for
// all others who have heard as little of it. We have not been cut off ourselves: then all others may be about to come back.
func (m *Machine) isSilent(x *messages.Member) bool {
	return m.now-m.lent(x) >= m.config.Expel+m.config.Beat/2 && m.stood && m.now-m.steady >= m.config.Suspect
}

// newcomers are nodes that want to be members and are not.
func (m *Machine) newcomers() (list []*messages.Member) {
	for _, n := range m.nodes {
		if n.view == 0 && n.sent > 0 && !n.leaving && !m.has(n.member.Id) && m.isThere(n.member) {
			list = append(list, n.member)
		}
	}
	slices.SortFunc(list, func(a, b *messages.Member) int { return cmp.Compare(a.Id, b.Id) })
	return list
}

// heardPromise goes on to phase 2 when enough have promised.
func (m *Machine) heardPromise(from string, a *messages.Promise) {
	p := m.open
	switch {
	case p == nil || a.GetView() != m.number() || p.put:
		return
	case a.Refused:
		m.outdone(a.Ballot)
		return
	case !same(a.Ballot, p.ballot):
		return
	}
	if v := a.Accepted; v != nil && (p.value == nil || less(p.by, a.AcceptedBy)) && proper(v, m.number()) {
		p.value, p.by = v, a.AcceptedBy
	}
	p.promised[from] = true
	m.advance()
}

// advance goes on with a proposal when enough have answered, or when those who have not are dead.
func (m *Machine) advance() {
	switch p := m.open; {
	case p == nil:
	case !p.put && m.enough(p.promised):
		m.put()
	case p.put && p.accepted[m.self.Id] && m.enough(p.accepted):
		m.settle()
	}
}

// put begins phase 2.
func (m *Machine) put() {
	p := m.open
	if p.value == nil {
		if p.value = m.want(); p.value == nil { // there is nothing to agree on any more
			m.open = nil
			return
		}
		p.value.Ballot = p.ballot
	}
	p.put = true
	ask := &messages.Accept{View: m.number(), Value: p.value, Ballot: p.ballot}
	m.toAcceptors(&messages.Peer{Body: &messages.Peer_Accept{Accept: ask}})
	m.heardAccepted(m.self.Id, m.decide(ask).GetAccepted())
}

// heardAccepted counts who has agreed.
func (m *Machine) heardAccepted(from string, a *messages.Accepted) {
	p := m.open
	switch {
	case p == nil || !p.put || a.GetView() != m.number():
		return
	case a.Refused:
		m.outdone(a.Ballot)
		return
	case !same(a.Ballot, p.ballot):
		return
	}
	p.accepted[from] = true
	m.advance()
}

// settle makes the proposal the next view: enough have agreed, and we are one of them.
func (m *Machine) settle() {
	p := m.open
	told := map[string]*messages.Member{}
	for _, x := range slices.Concat(m.acceptors(), p.value.Members) {
		told[x.Id] = x
	}
	delete(told, m.self.Id)
	m.follow(p.value)
	for _, x := range told {
		m.send(x, &messages.Peer{Body: &messages.Peer_View{View: p.value}})
	}
}

// outdone ends a try when an acceptor has promised to listen to a greater one. That it refuses for another reason does
// not matter while enough others agree.
func (m *Machine) outdone(b *messages.Ballot) {
	m.round = max(m.round, b.GetRound())
	if less(m.open.ballot, b) {
		m.fail()
	}
}

// yield ends a try when we have ourselves promised to listen to a greater one: what we make the next view must be
// what we would still agree to.
func (m *Machine) yield() {
	if m.open != nil && less(m.open.ballot, m.promised) {
		m.fail()
	}
}
