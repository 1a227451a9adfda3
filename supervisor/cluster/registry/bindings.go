package registry

import (
	"cmp"
	"maps"
	"slices"

	"github.com/fairlead-go/fairlead/messages"
)

// piece is how many logins, sockets or users one letter holds.
const piece = 1000

// A gate is what a registrar knows of a member that has sockets.
type gate struct {
	member *messages.Member
	told   bool // all of its bindings have
	logins int  // entries of it

	// The series of bindings that is coming in: its number, how many there must be, and what has come.
	series   uint64
	open     bool
	want     int
	gathered []*messages.Login
}

// present tells registrars what is bound here, and claims and asks again what is under way. Questions get new
// numbers, so that an answer to an old one, from before, binds nobody. only nil means everyone.
func (d *Desk) present(only *messages.Member) {
	logins := map[*messages.Member][]*messages.Login{}
	for _, e := range d.own.ids {
		if owner := d.table.Owner(e.login.Uid); owner != nil && (only == nil || owner == only) {
			logins[owner] = append(logins[owner], e.login)
		}
	}
	for _, m := range d.view.GetMembers() {
		if d.isGate() && isGate(m) && (only == nil || m == only) {
			d.tell(m, logins[m])
		}
	}
	for _, number := range slices.Sorted(maps.Keys(d.claims)) {
		if c := d.claims[number]; only == nil || d.table.Owner(c.login.Uid) == only {
			d.claim(c)
		}
	}
	for _, number := range slices.Sorted(maps.Keys(d.asks)) {
		if a := d.asks[number]; only == nil || d.table.Owner(a.uid) == only {
			d.ask(a)
		}
	}
}

// tell sends a series of bindings. A login without a session comes first: its count says how many follow, so
// that a series with a part missing is never taken for the whole.
func (d *Desk) tell(to *messages.Member, logins []*messages.Login) {
	all := append([]*messages.Login{{Count: uint64(len(logins))}}, logins...)
	for part := range slices.Chunk(all, piece) {
		all = all[len(part):]
		d.send(to, &messages.Peer{Body: &messages.Peer_Bindings{Bindings: &messages.Bindings{
			View: d.number, Logins: part, Last: len(all) == 0,
		}}})
	}
}

func (d *Desk) heardBindings(from *messages.Member, b *messages.Bindings) {
	g := d.gates[from.GetId()]
	if b.GetView() != d.number || g == nil {
		return
	}
	d.nudge = d.now + d.config.ClaimTime
	logins := b.GetLogins()
	if len(logins) > 0 && logins[0].GetSessionId() == "" {
		g.open, g.want, g.gathered = true, int(min(logins[0].GetCount(), 1<<40)), nil
		logins = logins[1:]
	}
	if !g.open {
		return
	}
	g.gathered = append(g.gathered, logins...)
	if !b.GetLast() {
		return
	}
	all := g.gathered
	g.open, g.gathered = false, nil
	if len(all) == g.want {
		d.replace(g, all)
	}
}

// replace makes logins all that is known of a gate. Its claims are dropped: it makes those again that it still
// has.
func (d *Desk) replace(g *gate, logins []*messages.Login) {
	g.series++
	for _, l := range logins {
		if !whole(l) || d.table.Owner(l.Uid) != d.self {
			continue
		}
		e := d.users.ids[l.SessionId]
		if !e.same(l) || e.gate != g || e.login.Uid != l.Uid {
			if e != nil {
				d.lose(e)
			}
			e = &entry{login: l, gate: g}
			d.keep(e)
		}
		e.series = g.series
	}
	if g.told {
		for _, e := range d.users.ids {
			if e.gate == g && e.series != g.series {
				d.lose(e)
			}
		}
	}
	for _, w := range d.queued {
		if w.gate == g {
			d.unqueue(w)
		}
	}
	if !g.told {
		g.told = true
		d.open--
	}
	if d.open == 0 {
		d.settle()
	}
}

// settle begins to grant, and to find users: all logins are known.
func (d *Desk) settle() {
	for _, uid := range d.doubled {
		d.contest(uid)
	}
	d.doubled = nil
	for _, uid := range slices.Sorted(maps.Keys(d.queues)) {
		d.decide(uid)
	}
	d.release()
}

// contest ends what must not be, and can only come about when an older socket took too long to go: a user with
// several logins. The newest stays.
func (d *Desk) contest(uid string) {
	if d.config.Logins == Allow || d.users.uids[uid] == nil {
		return
	}
	newest := d.users.uids[uid]
	for e := newest.next; e != nil; e = e.next {
		if cmp.Or(cmp.Compare(e.login.View, newest.login.View), cmp.Compare(e.login.Count, newest.login.Count)) > 0 {
			newest = e
		}
	}
	for e := d.users.uids[uid]; e != nil; e = e.next {
		if e != newest {
			d.kick(e)
		}
	}
}

// keep and lose are the only ways in and out of a registrar's shelf.
func (d *Desk) keep(e *entry) {
	d.users.put(e)
	e.gate.logins++
	if e.next != nil && d.config.Logins != Allow {
		d.doubled = append(d.doubled, e.login.Uid)
	}
}

func (d *Desk) lose(e *entry) {
	d.users.drop(e)
	e.gate.logins--
	delete(d.kicked, e.login.SessionId)
}
