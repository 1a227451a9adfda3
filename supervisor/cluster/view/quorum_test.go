package view_test

import (
	"math/bits"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/view"
)

// Whatever two members know of who is dead, their quorums meet, unless one of them takes all of the other for dead.
func TestQuorumsMeet(t *testing.T) {
	for n := 1; n <= 5; n++ {
		all := 1<<n - 1
		quorum := func(yes, dead int) bool {
			return yes&dead == 0 && yes != 0 && view.Quorum(n, bits.OnesCount(uint(all&^dead)), bits.OnesCount(uint(yes)), yes&1 != 0)
		}
		for dead := range all {
			for yes := range all + 1 {
				if !quorum(yes, dead) {
					continue
				}
				for others := range all {
					other := all &^ yes // the largest that does not meet it
					if other &^= others; quorum(other, others) && other&^dead != 0 && yes&^others != 0 {
						t.Errorf("of %d: %b, when %b are dead, and %b, when %b are", n, yes, dead, other, others)
					}
				}
			}
		}
	}
}

// trio is a machine in a view of three, of which it is the first, whose proposal to let d in has been sent.
func trio(t *testing.T) (m *view.Machine, b, c *messages.Member, ask *messages.Prepare) {
	t.Helper()
	m, b, c = view.New(view.Config{Self: member(0, "a"), Expect: 2}), member(1, "b"), member(2, "c")
	v := &messages.View{Number: 1, Ballot: &messages.Ballot{Round: 1, By: "b"}, Members: []*messages.Member{m.Self(), b, c}}
	m.Heard(0, b, &messages.Peer{Body: &messages.Peer_View{View: v}})
	out := m.Heard(time.Second, member(3, "d"), beat(&messages.Beat{Sent: 1}))
	for _, l := range out.Send {
		if p := l.Peer.GetPrepare(); p != nil {
			ask = p
		}
	}
	if ask == nil {
		t.Fatal("it proposes nothing")
	}
	return m, b, c, ask
}

func promise(ask *messages.Prepare, v *messages.View, by *messages.Ballot) *messages.Peer {
	return &messages.Peer{Body: &messages.Peer_Promise{Promise: &messages.Promise{View: 1, Ballot: ask.Ballot, Accepted: v, AcceptedBy: by}}}
}

func accepted(ask *messages.Prepare) *messages.Peer {
	return &messages.Peer{Body: &messages.Peer_Accepted{Accepted: &messages.Accepted{View: 1, Ballot: ask.Ballot}}}
}

func TestAProposerThatHasPromisedAnother(t *testing.T) {
	for name, outdone := range map[string]bool{"as ever": false, "outdone": true} {
		t.Run(name, func(t *testing.T) {
			m, b, c, ask := trio(t)
			m.Heard(time.Second, b, promise(ask, nil, nil))
			if outdone {
				greater := &messages.Ballot{Round: ask.Ballot.Round + 5, By: "c"}
				m.Heard(time.Second, c, &messages.Peer{Body: &messages.Peer_Prepare{Prepare: &messages.Prepare{View: 1, Ballot: greater}}})
			}
			m.Heard(time.Second, b, accepted(ask))
			if went := m.View().Number == 2; went == outdone {
				t.Errorf("in %v", m.View())
			}
		})
	}
}

// A proposer makes nothing a view that leaves out a member which it vouches for, whoever else agrees.
func TestAProposerAgreesItself(t *testing.T) {
	m, b, c, ask := trio(t)
	m.Heard(time.Second, c, beat(&messages.Beat{Sent: 5, View: 1}))
	m.Tick(time.Second) // vouches for c
	by := &messages.Ballot{Round: 1, By: "b"}
	m.Heard(time.Second, b, promise(ask, &messages.View{Number: 2, Ballot: by, Members: []*messages.Member{m.Self(), b}}, by))
	m.Heard(time.Second, b, accepted(ask))
	m.Heard(time.Second, c, accepted(ask))
	if m.View().Number != 1 {
		t.Errorf("in %v", m.View())
	}
}

// A proposal that waits for a node goes on when that is dead.
func TestAProposalDoesNotWaitForTheDead(t *testing.T) {
	m, _, c, ask := trio(t)
	m.Dead(time.Second, address(1))
	m.Heard(time.Second, c, promise(ask, nil, nil))
	m.Dead(time.Second, address(2))
	if v := m.View(); v.Number == 1 {
		t.Errorf("in %v", v)
	}
}
