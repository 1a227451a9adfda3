package cluster

import (
	"github.com/fairlead-go/fairlead/messages"
)

// heard is what a node does with what others say. Streams call it, each on its own goroutine; what is the keeper's
// business waits for the keeper.
type heard struct{ *keeper }

func (h heard) Card() *messages.Card { return h.card.Load() }

func (h heard) Met(who *messages.Member) {
	h.mesh.Know(who.Address)
	h.do(func() {
		h.sees(who.Address)
		h.follow(h.machine.Met(h.now(), who))
		h.settle(h.desk.Resync(h.now(), who.Address))
	})
}

func (h heard) Dead(address string) {
	h.do(func() { h.follow(h.machine.Dead(h.now(), address)) })
}

// Parted says nothing about the other node: if it is gone its silence tells.
func (h heard) Parted(string) {}

func (h heard) Member(address string) bool {
	p := h.place.Load()
	return p != nil && p.members[address] && h.standing()
}

func (h heard) Heard(from *messages.Member, p *messages.Peer) {
	switch m := p.Body.(type) {
	case *messages.Peer_Fanout, *messages.Peer_Membership, *messages.Peer_MembersAsk, *messages.Peer_PidAsk:
		if h.Member(from.Address) {
			h.serve(from, p)
		}
	case *messages.Peer_MembersAnswer:
		h.asked.answer(from.Address, m.MembersAnswer.Ask, m.MembersAnswer)
	case *messages.Peer_PidAnswer:
		h.asked.answer(from.Address, m.PidAnswer.Ask, m.PidAnswer)
	case *messages.Peer_Beat:
		h.do(func() {
			h.sees(from.Address)
			h.follow(h.machine.Heard(h.now(), from, p))
			h.cleared(from.Id, m.Beat.Clear)
		})
	case *messages.Peer_Clear:
		h.do(func() { h.cleared(from.Id, m.Clear.View) })
	case *messages.Peer_Prepare, *messages.Peer_Promise, *messages.Peer_Accept, *messages.Peer_Accepted, *messages.Peer_View:
		h.do(func() { h.follow(h.machine.Heard(h.now(), from, p)) })
	default:
		h.do(func() { h.settle(h.desk.Heard(h.now(), from, p)) })
	}
}

// serve does what another member asks of the sockets and virtual actors here. What may take
// a while has a goroutine of its own.
func (h heard) serve(from *messages.Member, p *messages.Peer) {
	tree := h.tree.Load()
	if tree == nil {
		return
	}
	switch m := p.Body.(type) {
	case *messages.Peer_Fanout:
		if err := tree.Fan(m.Fanout.To, m.Fanout.Push); err != nil {
			h.log.Warn("a group push of another node is lost", "from", from.Address, "error", err)
		}
	case *messages.Peer_Membership:
		if m.Membership.Leave {
			tree.LeaveLocal(m.Membership.Group, m.Membership.Socket)
		} else {
			tree.JoinLocal(m.Membership.Group, m.Membership.Socket)
		}
	case *messages.Peer_MembersAsk:
		h.apart(func() { h.tellMembers(from, m.MembersAsk) })
	case *messages.Peer_PidAsk:
		h.apart(func() { h.tellPID(from, m.PidAsk) })
	}
}

// servedAtOnce bounds the questions of other nodes that are answered at the same time.
const servedAtOnce = 256

// apart runs f on a goroutine of its own, unless too many run: then the question is lost, and its asker's
// time runs out.
func (n *Node) apart(f func()) {
	select {
	case n.serving <- struct{}{}:
		n.work.Go(func() {
			defer func() { <-n.serving }()
			f()
		})
	default:
	}
}
