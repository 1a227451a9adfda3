package registry

import (
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// A held message is for users whose registrar does not know all logins yet, so that nobody is missed. A stray
// comes from outside of the view, and waits for one with its sender.
type held struct {
	from  *messages.Member
	peer  *messages.Peer
	until time.Duration
	stray bool
}

// Push sends p to all sockets of users, on any node.
func (d *Desk) Push(now time.Duration, p *messages.Push, uids []string) Out {
	d.now = now
	d.spread(p, uids)
	return d.flush()
}

// Kick ends all sockets of a user, on any node.
func (d *Desk) Kick(now time.Duration, uid, reason string) Out {
	return d.tellUser(now, uid, &messages.Peer{Body: &messages.Peer_UserKick{UserKick: &messages.UserKick{Uid: uid, Reason: reason}}})
}

// Set changes settings of all sessions of a user, on any node; an empty value removes one.
func (d *Desk) Set(now time.Duration, uid string, settings map[string][]byte) Out {
	return d.tellUser(now, uid, &messages.Peer{Body: &messages.Peer_UserSet{UserSet: &messages.UserSet{Uid: uid, Settings: settings}}})
}

func (d *Desk) tellUser(now time.Duration, uid string, p *messages.Peer) Out {
	d.now = now
	if owner := d.table.Owner(uid); owner != nil && !strings.HasPrefix(uid, here) {
		d.send(owner, p)
	} else {
		d.dropped++
	}
	return d.flush()
}

// spread sends a push to the registrars of uids.
func (d *Desk) spread(p *messages.Push, uids []string) {
	parts := map[*messages.Member][]string{}
	for _, uid := range uids {
		owner := d.table.Owner(uid)
		parts[owner] = append(parts[owner], uid)
	}
	d.dropped += uint64(len(parts[nil]))
	for _, m := range d.view.GetMembers() {
		for part := range slices.Chunk(parts[m], piece) {
			d.send(m, &messages.Peer{Body: &messages.Peer_UserPush{UserPush: &messages.UserPush{Push: p, Uids: part}}})
		}
	}
}

// heardPush takes a push for sockets here, or for users: those of them whose registrar is another one, since the
// sender was in an older view, are sent on.
func (d *Desk) heardPush(h held, m *messages.UserPush) {
	if m.GetPush() == nil {
		return
	}
	if len(m.Sockets) > 0 {
		d.out.Deliver = append(d.out.Deliver, Local{Push: m.Push, Sockets: m.Sockets})
		return
	}
	var mine, others []string
	for _, uid := range m.Uids {
		if d.table.Owner(uid) == d.self {
			mine = append(mine, uid)
		} else {
			others = append(others, uid)
		}
	}
	d.spread(m.Push, others)
	switch {
	case len(mine) == 0:
	case d.settled():
		d.pushMine(m.Push, mine)
	default:
		h.peer = &messages.Peer{Body: &messages.Peer_UserPush{UserPush: &messages.UserPush{Push: m.Push, Uids: mine}}}
		d.hold(h)
	}
}

func (d *Desk) pushMine(p *messages.Push, uids []string) {
	sockets := map[*messages.Member][]*actor.PID{}
	for _, uid := range uids {
		for e := d.users.uids[uid]; e != nil; e = e.next {
			sockets[e.gate.member] = append(sockets[e.gate.member], e.login.Socket)
		}
	}
	for _, m := range d.view.GetMembers() {
		for part := range slices.Chunk(sockets[m], piece) {
			d.send(m, &messages.Peer{Body: &messages.Peer_UserPush{UserPush: &messages.UserPush{Push: p, Sockets: part}}})
		}
	}
}

// here begins the uid of a kick or of settings that a registrar sends to a gate, whose sockets they are for. Who
// is registrar differs between views, so that the sender alone does not tell. No user may be called so.
const here = "\x00"

// heardUser takes a kick or settings, for the user's registrar or for the sockets here.
func (d *Desk) heardUser(h held, uid string) {
	switch owner := d.table.Owner(uid); {
	case strings.HasPrefix(uid, here):
		d.deliver(h.peer, uid[len(here):])
	case owner == nil:
		d.dropped++
	case owner != d.self:
		d.send(owner, h.peer)
	case d.settled():
		d.userMine(h.peer, uid)
	default:
		d.hold(h)
	}
}

func (d *Desk) userMine(p *messages.Peer, uid string) {
	var told []*gate
	for e := d.users.uids[uid]; e != nil; e = e.next {
		if !slices.Contains(told, e.gate) {
			told = append(told, e.gate)
			d.send(e.gate.member, renamed(p, here+uid))
		}
	}
}

// renamed is a kick or settings for another uid. p stays as it is.
func renamed(p *messages.Peer, uid string) *messages.Peer {
	if m := p.GetUserKick(); m != nil {
		return &messages.Peer{Body: &messages.Peer_UserKick{UserKick: &messages.UserKick{Uid: uid, Reason: m.Reason}}}
	}
	settings := p.GetUserSet().GetSettings()
	return &messages.Peer{Body: &messages.Peer_UserSet{UserSet: &messages.UserSet{Uid: uid, Settings: settings}}}
}

func (d *Desk) deliver(p *messages.Peer, uid string) {
	p = renamed(p, uid)
	l := Local{Kick: p.GetUserKick(), Set: p.GetUserSet()}
	for e := d.own.uids[uid]; e != nil; e = e.next {
		l.Sockets = append(l.Sockets, e.login.Socket)
		l.Sessions = append(l.Sessions, e.login.SessionId)
	}
	if len(l.Sockets) > 0 {
		d.out.Deliver = append(d.out.Deliver, l)
	}
}

func (d *Desk) hold(h held) {
	if len(d.held) >= d.config.Most {
		d.dropped++
		return
	}
	d.held = append(d.held, h)
}

// release looks at all that is held once more, in a view that is settled, or new.
func (d *Desk) release() {
	waiting := d.held
	d.held = nil
	for _, h := range waiting {
		m := d.members[h.from.GetId()]
		switch {
		case h.stray && m == nil:
			d.hold(h)
		default:
			h.stray = false
			d.serve(h)
		}
	}
}
