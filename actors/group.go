package actors

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// keysKept bounds how many keys a group remembers; more only cost more to replace.
const keysKept = 4096

// group is the part of a group that one batcher has.
type group struct {
	name    string
	scope   string // of its keys: those of other groups are others
	members []*link
	kept    bool // lives on without members
	// keyed holds the entries last pushed under each key, one for each codec.
	// Every member was given them, so one mark replaces them for all.
	keyed map[string][]*entry
	// searched is set when entries may wait that keyed does not know: they
	// are searched for in each outbox.
	searched bool
}

// seat is a link's place in one of its groups.
type seat struct {
	group *group
	at    int
}

// audience says who of whom is meant.
type audience struct {
	name   string
	all    bool // everybody, instead of a group
	bound  bool // only who is bound to a user
	except []*actor.PID
	where  []func(*messages.Session) bool
}

// some tells that not all of the group may be meant.
func (a *audience) some() bool { return a.bound || len(a.except) > 0 || len(a.where) > 0 }

// means tells whether l is meant. A filter that panics means nobody.
func (a *audience) means(l *link) bool {
	if slices.ContainsFunc(a.except, func(pid *actor.PID) bool { return pid.Equal(l.pid) }) {
		return false
	}
	s := l.who()
	return (!a.bound || s.Uid != "") && a.passes(l.node, s)
}

// passes tells whether a session is one that all filters say yes to.
func (a *audience) passes(n *node, s *messages.Session) bool {
	for _, f := range a.where {
		yes := false
		if err := safely(func() error { yes = f(s); return nil }); err != nil {
			if n.fault(messages.FaultCallback, scene{what: err}) {
				n.log.Error("panic in a group filter", "error", err)
			}
		}
		if !yes {
			return false
		}
	}
	return true
}

func (g *group) add(l *link) {
	for _, p := range l.seats {
		if p.group == g {
			return
		}
	}
	l.seats = append(l.seats, seat{g, len(g.members)})
	g.members = append(g.members, l)
}

// remove puts the last member in l's seat.
func (g *group) remove(l *link) {
	i := slices.IndexFunc(l.seats, func(s seat) bool { return s.group == g })
	if i < 0 {
		return
	}
	at := l.seats[i].at
	last := g.members[len(g.members)-1]
	g.members[at] = last
	for j := range last.seats {
		if last.seats[j].group == g {
			last.seats[j].at = at
		}
	}
	g.members[len(g.members)-1] = nil
	g.members = g.members[:len(g.members)-1]
	l.seats = slices.Delete(l.seats, i, i+1)
	g.forgetKeys() // l holds entries that will not be replaced for it
}

func (g *group) forgetKeys() {
	if len(g.keyed) > 0 {
		g.keyed, g.searched = nil, true
	}
}

// those are the members meant who are ready. A nil group has none.
func (g *group) those(to audience) (links []*link) {
	if g == nil {
		return nil
	}
	for _, l := range g.members {
		if l.ready() && (!to.some() || to.means(l)) {
			links = append(links, l)
		}
	}
	return links
}

// push puts one entry for each codec in the outboxes of those who are meant.
func (g *group) push(c *cell, to audience) {
	key := c.push.Key
	some := to.some()
	search := key != "" && (some || g.searched && g.keyed[key] == nil)
	shared := sharedEntry{scope: g.scope, batcher: true}
	for _, l := range g.members {
		if !some || to.means(l) {
			shared.offer(l, c, search)
		}
	}
	switch {
	case key == "":
	case some: // not all hold it, so no mark may replace it
		g.forgetKeys()
		g.searched = true
	default:
		g.replace(key, shared.made)
	}
}

// replace marks the entries pushed under key before, all of whose holders have
// been given newer ones.
func (g *group) replace(key string, with []*entry) {
	for _, e := range g.keyed[key] {
		e.replaced.Store(true)
	}
	if len(g.keyed) >= keysKept {
		g.forgetKeys()
	}
	if g.keyed == nil {
		g.keyed = map[string][]*entry{}
	}
	g.keyed[key] = with
}

// sharedEntry offers one push to many links: one entry for each codec.
type sharedEntry struct {
	scope   string // of its key
	batcher bool   // a batcher offers it, to links of its own
	codec   connectors.Codec
	entry   *entry
	made    []*entry
}

// offer gives l the entry in its codec. One that cannot be encoded is dropped; the
// cell has logged it.
func (s *sharedEntry) offer(l *link, c *cell, search bool) {
	now := c.push.Urgent || l.tick < 0
	for other := l.offer(s, now, search); other != nil; other = l.offer(s, now, search) {
		b, err := c.encode(other)
		if err != nil {
			return
		}
		s.codec = other
		s.entry = &entry{bytes: b, key: c.push.Key, scope: s.scope, lossy: c.push.Lossy, made: l.now()}
		s.made = append(s.made, s.entry)
	}
}
