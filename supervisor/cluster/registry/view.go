package registry

import (
	"maps"
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// Install tells of a new view, or of the old one when the node was fenced in it. With v nil, or self not in it,
// all own logins are unbound and all claims fail.
func (d *Desk) Install(now time.Duration, self *messages.Member, v *messages.View) Out {
	d.now = now
	if d.self.GetId() != self.GetId() || !holds(v, self) {
		d.cut()
		d.self = self
	}
	if !holds(v, self) || d.view != nil && sameView(d.view, v) {
		return d.flush()
	}
	again := d.view == nil && d.number == v.GetNumber()
	d.enter(v)
	d.present(nil)
	d.nudge = now + d.config.ClaimTime
	if again {
		d.nudgeAll() // they have told already, and this node has forgotten
	}
	d.replay()
	return d.flush()
}

// enter begins a view. A registrar forgets all, also what stays its own: each gate tells it again.
func (d *Desk) enter(v *messages.View) {
	d.view, d.number, d.table = v, v.GetNumber(), NewTable(v, isGate)
	d.members = map[string]*messages.Member{}
	d.forget(len(d.users.ids))
	for _, m := range v.GetMembers() {
		d.members[m.GetId()] = m
		if m.GetId() == d.self.GetId() {
			d.self = m // members of a view are compared by their pointers
		}
		if isGate(m) {
			d.gates[m.GetId()] = &gate{member: m}
		}
	}
	d.open = len(d.gates)
}

// Fenced tells that the node may own nothing: as if in no view, until Install.
func (d *Desk) Fenced(now time.Duration) Out {
	d.now = now
	d.cut()
	return d.flush()
}

func (d *Desk) cut() {
	for _, e := range d.own.ids {
		d.out.Unbind = append(d.out.Unbind, e.login)
	}
	d.own = newShelf(0)
	for _, number := range slices.Sorted(maps.Keys(d.claims)) {
		d.end(d.claims[number], errCutOff())
	}
	for _, number := range slices.Sorted(maps.Keys(d.asks)) {
		d.answer(d.asks[number], nil, errCutOff())
	}
	all := len(d.held)
	d.held = slices.DeleteFunc(d.held, func(h held) bool { return !h.stray })
	d.dropped += uint64(all - len(d.held))
	d.forget(0)
	d.view, d.members, d.table = nil, nil, &Table{}
}

// Resync tells that letters to or from a member may have been lost: after a stream was made anew, or when one
// could not be sent. Each says to the other again what it must know; one of the two is enough to call it.
func (d *Desk) Resync(now time.Duration, address string) Out {
	d.now = now
	if d.view == nil {
		return d.flush()
	}
	for _, m := range d.view.GetMembers() {
		if m.GetAddress() == address && m.GetId() != d.self.GetId() {
			d.present(m)
			d.again(m)
		}
	}
	return d.flush()
}

// again asks a member to present itself. It is a Claimed that answers nothing.
func (d *Desk) again(m *messages.Member) {
	d.send(m, &messages.Peer{Body: &messages.Peer_Claimed{Claimed: &messages.Claimed{View: d.number, Moved: true}}})
}

// nudgeAll asks the gates that have not told all they must.
func (d *Desk) nudgeAll() {
	d.nudge = d.now + d.config.ClaimTime
	if !d.isGate() {
		return
	}
	for _, m := range d.view.GetMembers() {
		if g := d.gates[m.GetId()]; g != nil && !g.told && m.GetId() != d.self.GetId() {
			d.again(m)
		}
	}
}

func holds(v *messages.View, self *messages.Member) bool {
	return slices.ContainsFunc(v.GetMembers(), func(m *messages.Member) bool { return m.GetId() == self.GetId() })
}

func sameView(a, b *messages.View) bool {
	return a.GetNumber() == b.GetNumber() && slices.EqualFunc(a.GetMembers(), b.GetMembers(), func(x, y *messages.Member) bool {
		return x.GetId() == y.GetId()
	})
}
