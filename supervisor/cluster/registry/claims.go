package registry

import (
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// A claim is a gate's, for one of its sockets.
type claim struct {
	number uint64
	login  *messages.Login // without an epoch
	done   []func(error)
	until  time.Duration
	moved  bool // to be made again: who was asked is not the registrar
}

func errCutOff() error { return messages.NewError(messages.CodeUnavailable, "unavailable") }
func errBusy() error   { return messages.NewError(messages.CodeBusy, "busy") }

// Claim binds a user to a socket of this node. done is among Out.Done, of this input or of a later one: with
// nil once the socket is bound and those are gone that had to go, else with why not.
func (d *Desk) Claim(now time.Duration, s *messages.Session, uid string, done func(error)) Out {
	d.now = now
	id := s.GetId()
	bound, pending := d.own.ids[id], d.socket[id]
	switch {
	case uid == "":
		d.done(func() { done(messages.NewError(messages.CodeBadRequest, "uid is empty")) })
	case strings.HasPrefix(uid, here):
		d.done(func() { done(messages.NewError(messages.CodeBadRequest, "uid begins with a zero byte")) })
	case bound != nil && bound.login.Uid == uid:
		d.done(func() { done(nil) })
	case pending != nil && pending.login.Uid == uid:
		pending.done = append(pending.done, done)
	case bound != nil || pending != nil:
		d.done(func() { done(messages.NewError(messages.CodeConflict, "bound to another user")) })
	case !d.isGate():
		d.done(func() { done(errCutOff()) })
	case len(d.claims) >= d.config.Most:
		d.done(func() { done(errBusy()) })
	default:
		c := &claim{
			login: &messages.Login{Uid: uid, Socket: s.GetSocket(), SessionId: id},
			done:  []func(error){done}, until: now + d.config.ClaimTime,
		}
		d.socket[id] = c
		d.claim(c)
	}
	return d.flush()
}

// claim asks the registrar, under a new number.
func (d *Desk) claim(c *claim) {
	delete(d.claims, c.number)
	d.asked++
	c.number, c.moved = d.asked, false
	d.claims[c.number] = c
	d.send(d.table.Owner(c.login.Uid), &messages.Peer{Body: &messages.Peer_Claim{Claim: &messages.Claim{
		Ask: c.number, View: d.number, Login: c.login,
	}}})
}

// end answers a claim.
func (d *Desk) end(c *claim, err error) {
	delete(d.claims, c.number)
	delete(d.socket, c.login.SessionId)
	for _, done := range c.done {
		d.done(func() { done(err) })
	}
}

// heardClaimed takes a registrar's answer. A login that nobody waits for any more is given back.
func (d *Desk) heardClaimed(from *messages.Member, m *messages.Claimed) {
	c := d.claims[m.GetAsk()]
	switch {
	case m.GetMoved() && m.GetAsk() == 0:
		if m.GetView() == d.number {
			d.present(from)
		}
	case m.GetMoved():
		if c != nil {
			c.moved = true
		}
	case m.GetError() != nil:
		if c != nil {
			d.end(c, m.GetError())
		}
	case c != nil && c.login.SessionId == m.GetLogin().GetSessionId() && c.login.Uid == m.GetLogin().GetUid():
		d.own.put(&entry{login: m.GetLogin()})
		d.end(c, nil)
	case m.GetLogin().GetSessionId() != "":
		d.send(from, release(m.GetLogin()))
	}
}

// Release tells that a socket is bound no more, or closed. A claim that it has under way fails.
func (d *Desk) Release(now time.Duration, s *messages.Session) Out {
	d.now = now
	if c := d.socket[s.GetId()]; c != nil {
		d.end(c, messages.NewError(messages.CodeGone, "the client is leaving"))
	}
	if e := d.own.ids[s.GetId()]; e != nil {
		d.own.drop(e)
		d.send(d.table.Owner(e.login.Uid), release(e.login))
	}
	return d.flush()
}

func release(l *messages.Login) *messages.Peer {
	return &messages.Peer{Body: &messages.Peer_Release{Release: &messages.Release{Login: l}}}
}
