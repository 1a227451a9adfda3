package view

import "github.com/fairlead-go/fairlead/messages"

// alive are the members that are not dead for certain.
func (m *Machine) alive() (alive []*messages.Member) {
	for _, x := range m.view.GetMembers() {
		if !m.isDead(x) {
			alive = append(alive, x)
		}
	}
	return alive
}

// tally counts members of a view that say yes.
type tally struct {
	all, alive, yes int
	first           bool // the view's first member is among them
}

// add counts one that is not dead.
func (t *tally) add(first bool) {
	t.yes++
	t.first = t.first || first
}

// quorum tells whether those counted may speak for the view: any two quorums have a member in common. More than half
// are one; so is half, when it has the first member and somebody is dead for certain. And in any case all who are not dead: a
// quorum of dead ones has nobody left to act on what it agreed to.
func (t *tally) quorum() bool {
	return 2*t.yes > t.all || t.yes == t.alive || t.alive < t.all && t.first && 2*t.yes == t.all
}

// quorum tells whether those for whom yes is true may speak for the view.
func (m *Machine) quorum(yes map[string]bool) bool {
	t := tally{all: len(m.view.Members), alive: len(m.alive())}
	for i, x := range m.view.Members {
		if yes[x.Id] && !m.isDead(x) {
			t.add(i == 0)
		}
	}
	return t.quorum()
}
