package registry

import (
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// A waiter is a claim at its registrar. Those of one user are decided one after another.
type waiter struct {
	gate  *gate
	ask   uint64
	login *messages.Login
	until time.Duration
}

func (d *Desk) heardClaim(from *messages.Member, m *messages.Claim) {
	g, l := d.gates[from.GetId()], m.GetLogin()
	if g == nil || m.GetView() != d.number || !whole(l) {
		return // a claim of an older view is made again in this one
	}
	w := &waiter{gate: g, ask: m.GetAsk(), login: l, until: d.now + d.config.ClaimTime}
	if d.table.Owner(l.Uid) != d.self {
		d.reply(w, &messages.Claimed{Moved: true})
		return
	}
	// A gate has one claim for a session, and only when it is not bound: what is known of it is old.
	if old := d.queued[l.SessionId]; old != nil {
		d.unqueue(old)
		defer d.decide(old.login.Uid)
	}
	if e := d.users.ids[l.SessionId]; e != nil && e.login.Uid != l.Uid {
		d.lose(e)
		defer d.decide(e.login.Uid)
	}
	if len(d.queued) >= d.config.Most {
		d.reply(w, &messages.Claimed{Error: messages.AsError(errBusy())})
		return
	}
	d.queues[l.Uid] = append(d.queues[l.Uid], w)
	d.queued[l.SessionId] = w
	d.decide(l.Uid)
}

// decide grants or refuses the claims for a user, up to the first that must wait.
func (d *Desk) decide(uid string) {
	for d.settled() && len(d.queues[uid]) > 0 {
		w := d.queues[uid][0]
		alone := true
		for e := d.users.uids[uid]; e != nil; e = e.next {
			alone = alone && e.login.SessionId == w.login.SessionId
		}
		switch {
		case alone || d.config.Logins == Allow:
			d.unqueue(w)
			d.grant(w)
		case d.config.Logins == RefuseNewer:
			d.unqueue(w)
			d.reply(w, &messages.Claimed{Error: messages.NewError(messages.CodeConflict, "already logged in")})
		default:
			for e := d.users.uids[uid]; e != nil; e = e.next {
				if e.login.SessionId != w.login.SessionId {
					d.kick(e)
				}
			}
			return
		}
	}
}

func (d *Desk) grant(w *waiter) {
	if e := d.users.ids[w.login.SessionId]; e != nil {
		d.lose(e)
	}
	d.granted++
	l := &messages.Login{
		Uid: w.login.Uid, Socket: w.login.Socket, SessionId: w.login.SessionId, View: d.number, Count: d.granted,
	}
	d.keep(&entry{login: l, gate: w.gate})
	d.reply(w, &messages.Claimed{Login: l})
}

func (d *Desk) reply(w *waiter, m *messages.Claimed) {
	m.Ask, m.View = w.ask, d.number
	d.send(w.gate.member, &messages.Peer{Body: &messages.Peer_Claimed{Claimed: m}})
}

func (d *Desk) unqueue(w *waiter) {
	uid := w.login.Uid
	delete(d.queued, w.login.SessionId)
	q := d.queues[uid]
	if q[0] == w {
		q[0] = nil
		q = q[1:]
	} else {
		q = slices.DeleteFunc(q, func(x *waiter) bool { return x == w })
	}
	if len(q) == 0 {
		delete(d.queues, uid)
	} else {
		d.queues[uid] = q
	}
}

func (d *Desk) kick(e *entry) {
	if e.kicked {
		return
	}
	e.kicked, e.kickedAt = true, d.now
	d.kicked[e.login.SessionId] = e
	d.out.Kick = append(d.out.Kick, e.login)
}

// Kicked tells that a socket which Out.Kick named is gone.
func (d *Desk) Kicked(now time.Duration, sessionID string) Out {
	d.now = now
	if e := d.users.ids[sessionID]; e != nil {
		d.lose(e)
		d.decide(e.login.Uid)
	}
	return d.flush()
}

func (d *Desk) heardRelease(from *messages.Member, m *messages.Release) {
	if e := d.users.ids[m.GetLogin().GetSessionId()]; e.same(m.GetLogin()) && e.gate.member == from {
		d.lose(e)
		d.decide(e.login.Uid)
	}
}
