package cluster

import (
	"time"

	"github.com/fairlead-go/fairlead/supervisor/cluster/view"
)

// CutOff has the node find that too few others hear it, and Return that they do again. They return when that has been done.
func (n *Node) CutOff() { n.meet(view.Fenced) }
func (n *Node) Return() { n.meet(view.Restored) }

func (n *Node) meet(kind view.EventKind) {
	done := make(chan struct{})
	k := n.keeper
	n.do(func() { k.event(view.Event{Kind: kind, View: k.machine.View()}); close(done) })
	<-done
}

// InboxSize is how many may wait for the keeper.
const InboxSize = inboxSize

// Meets has the node take note of another one, and Known tells whom it dials a day later.
func (n *Node) Meets(address string) { n.meetings(func() { n.keeper.sees(address) }) }

func (n *Node) Known() (all []string) {
	n.meetings(func() {
		n.keeper.forget(n.now() + 24*time.Hour)
		for address := range n.keeper.seen {
			all = append(all, address)
		}
	})
	return all
}

func (n *Node) meetings(f func()) {
	done := make(chan struct{})
	n.do(func() { f(); close(done) })
	<-done
}

// Swamped has the keeper call f while its inbox is full, and tells whether it comes back from that.
func (n *Node) Swamped(patience time.Duration, f func()) bool {
	begun, full, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	n.do(func() { close(begun); <-full; f(); close(done) })
	<-begun
	for room := true; room; {
		select {
		case n.inbox <- func() {}:
		default:
			room = false
		}
	}
	close(full)
	select {
	case <-done:
		return true
	case <-time.After(patience):
		return false
	}
}
