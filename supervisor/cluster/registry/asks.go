package registry

import (
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// An ask is a question of this node's.
type ask struct {
	number uint64
	uid    string
	done   func([]*messages.Login, error)
	until  time.Duration
	moved  bool // to be asked again: who was asked is not the registrar
}

// Ask finds out what sockets a user is bound to. done is among Out.Done, of this input or of a later one.
func (d *Desk) Ask(now time.Duration, uid string, done func([]*messages.Login, error)) Out {
	d.now = now
	switch {
	case d.table.Owner(uid) == nil:
		d.done(func() { done(nil, errCutOff()) })
	case len(d.asks) >= d.config.Most:
		d.done(func() { done(nil, errBusy()) })
	default:
		d.ask(&ask{uid: uid, done: done, until: now + d.config.ClaimTime})
	}
	return d.flush()
}

// ask sends the question, under a new number. When there are no gates it waits for a view with some.
func (d *Desk) ask(a *ask) {
	delete(d.asks, a.number)
	d.asked++
	a.number, a.moved = d.asked, false
	d.asks[a.number] = a
	d.send(d.table.Owner(a.uid), &messages.Peer{Body: &messages.Peer_UserAsk{UserAsk: &messages.UserAsk{Ask: a.number, Uid: a.uid}}})
}

func (d *Desk) answer(a *ask, logins []*messages.Login, err error) {
	delete(d.asks, a.number)
	d.done(func() { a.done(logins, err) })
}

func (d *Desk) heardAsk(h held, m *messages.UserAsk) {
	from := d.members[h.from.GetId()]
	if from == nil {
		return
	}
	a := &messages.UserAnswer{Ask: m.GetAsk()}
	switch {
	case d.table.Owner(m.GetUid()) != d.self:
		a.Moved = true
	case !d.settled():
		d.hold(h)
		return
	default:
		for e := d.users.uids[m.GetUid()]; e != nil; e = e.next {
			a.Logins = append(a.Logins, e.login)
		}
	}
	d.send(from, &messages.Peer{Body: &messages.Peer_UserAnswer{UserAnswer: a}})
}

func (d *Desk) heardAnswer(m *messages.UserAnswer) {
	switch a := d.asks[m.GetAsk()]; {
	case a == nil:
	case m.GetMoved():
		a.moved = true
	default:
		d.answer(a, m.GetLogins(), nil)
	}
}
