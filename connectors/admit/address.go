package admit

import (
	"net/netip"
	"time"
)

// address is what is remembered of one. Its Gate's mutex guards it.
type address struct {
	key        netip.Addr
	open       int           // clients that are in
	bucket     time.Duration // of AddressRate
	next, prev *address      // in idle, while nobody is in
}

// settle counts one client in at its address, if addresses count.
func (g *Gate) settle(a netip.Addr, at time.Duration) *address {
	g.forget(at)
	if !a.IsValid() || g.limits.PerAddress <= 0 && g.each.interval == 0 {
		return nil
	}
	key := network(plain(a))
	from := g.known[key]
	switch {
	case from == nil:
		from = &address{key: key}
		if g.known == nil {
			g.known = map[netip.Addr]*address{}
		}
		g.known[key] = from
	case from.open == 0:
		g.idle.remove(from)
	}
	from.open++
	from.bucket = g.each.take(from.bucket, at)
	return from
}

// release counts one out.
func (g *Gate) release(a *address) {
	a.open--
	if a.open == 0 {
		g.idle.add(a)
	}
}

// forget lets go of those who may come again as if they had never been here. They
// are looked at in the order in which they left, so one may wait for those before
// it, but no longer than a bucket takes to fill.
func (g *Gate) forget(at time.Duration) {
	for a := g.idle.first; a != nil && (a.bucket <= at || g.idle.n > maxRemembered); a = g.idle.first {
		g.idle.remove(a)
		delete(g.known, a.key)
	}
}

// idle is a list of addresses from which nobody is in, the first to leave first.
type idle struct {
	first, last *address
	n           int
}

func (l *idle) add(a *address) {
	a.prev, a.next = l.last, nil
	if l.last == nil {
		l.first = a
	} else {
		l.last.next = a
	}
	l.last = a
	l.n++
}

func (l *idle) remove(a *address) {
	if a.prev == nil {
		l.first = a.next
	} else {
		a.prev.next = a.next
	}
	if a.next == nil {
		l.last = a.prev
	} else {
		a.next.prev = a.prev
	}
	a.prev, a.next = nil, nil
	l.n--
}
