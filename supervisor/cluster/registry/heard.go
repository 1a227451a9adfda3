package registry

import (
	"maps"
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// Heard takes what another member's Desk has sent: Claim, Claimed, Release, Bindings, UserPush, UserKick,
// UserSet, UserAsk, UserAnswer. Others are ignored, as is what comes from outside of the view. But who has a newer
// view may be a member of that one only: what such a node says is kept until the view comes here too, so give a
// Desk also what comes from nodes that are in no view.
func (d *Desk) Heard(now time.Duration, from *messages.Member, p *messages.Peer) Out {
	d.now = now
	switch m := d.members[from.GetId()]; {
	case from.GetId() == "" || from.GetId() == d.self.GetId() || d.postpone(from, p):
	case m != nil:
		d.read(m, p)
	case forUsers(p):
		d.hold(held{from: from, peer: p, until: now + d.config.ClaimTime, stray: true})
	}
	return d.flush()
}

func (d *Desk) read(from *messages.Member, p *messages.Peer) {
	switch m := p.GetBody().(type) {
	case *messages.Peer_Claim:
		d.heardClaim(from, m.Claim)
	case *messages.Peer_Claimed:
		d.heardClaimed(from, m.Claimed)
	case *messages.Peer_Release:
		d.heardRelease(from, m.Release)
	case *messages.Peer_Bindings:
		d.heardBindings(from, m.Bindings)
	case *messages.Peer_UserAnswer:
		d.heardAnswer(m.UserAnswer)
	default:
		d.serve(held{from: from, peer: p, until: d.now + d.config.ClaimTime})
	}
}

// serve takes what may be held.
func (d *Desk) serve(h held) {
	switch m := h.peer.GetBody().(type) {
	case *messages.Peer_UserPush:
		d.heardPush(h, m.UserPush)
	case *messages.Peer_UserKick:
		d.heardUser(h, m.UserKick.GetUid())
	case *messages.Peer_UserSet:
		d.heardUser(h, m.UserSet.GetUid())
	case *messages.Peer_UserAsk:
		d.heardAsk(h, m.UserAsk)
	}
}

// A backlog is what a member has said since it is in a view that is newer than ours.
type backlog struct {
	view    uint64
	waiting []*messages.Peer
}

// postpone keeps p when its sender is in a newer view. Each gate tells its bindings first of all in a view, so
// that what has no view of its own, and comes after them, is known to be of that view too.
func (d *Desk) postpone(from *messages.Member, p *messages.Peer) bool {
	view := max(p.GetClaim().GetView(), p.GetBindings().GetView())
	b := d.later[from.GetId()]
	switch {
	case view > d.number && (b == nil || view > b.view):
		newer := &backlog{view: view}
		if b != nil { // claims and bindings of views that are over have been told again in this one
			newer.waiting = slices.DeleteFunc(b.waiting, func(p *messages.Peer) bool { return !forUsers(p) })
		}
		b = newer
		d.later[from.GetId()] = b
	case b == nil || p.GetClaimed() != nil || p.GetUserAnswer() != nil:
		return false
	}
	switch {
	case len(b.waiting) < d.config.Most:
		b.waiting = append(b.waiting, p)
	case forUsers(p):
		d.dropped++
	default:
		// A part is worth nothing: without its bindings the gate is asked to tell all once more.
		b.waiting = slices.DeleteFunc(b.waiting, func(p *messages.Peer) bool { return !forUsers(p) })
	}
	return true
}

// replay reads what had to wait for this view.
func (d *Desk) replay() {
	for _, id := range slices.Sorted(maps.Keys(d.later)) {
		b, m := d.later[id], d.members[id]
		if b.view > d.number {
			continue
		}
		delete(d.later, id)
		for _, p := range b.waiting {
			if m != nil && (b.view == d.number || forUsers(p)) {
				d.read(m, p)
			}
		}
	}
	d.release()
}

func forUsers(p *messages.Peer) bool {
	return p.GetUserPush() != nil || p.GetUserKick() != nil || p.GetUserSet() != nil || p.GetUserAsk() != nil
}
