package admit

import (
	"net/netip"
	"sync"
	"time"
)

// maxRemembered is how many addresses are remembered after their last client has
// left. Beyond it the one that left first is forgotten, with the bursts it has had.
const maxRemembered = 1 << 16

// Gate counts those who are in. The zero Gate has no limits. It has a mutex and is
// no actor because whoever accepts must know the answer before it reads a byte.
type Gate struct {
	mu      sync.Mutex
	limits  Limits
	pace    pace // of Rate
	each    pace // of AddressRate
	bucket  time.Duration
	start   time.Time
	open    int
	known   map[netip.Addr]*address // nobody is, where addresses do not count
	idle    idle                    // those of them from which nobody is in
	refused [reasons]uint64
}

// Place is one client's place behind a Gate. The zero Place is not taken. It stays
// where it is made: the Gate's users hold it in what stands for the client.
type Place struct {
	gate    *Gate
	address *address
	left    bool
}

// SetLimits sets the limits for those who come from now on. Those who are in
// stay, and count; at their addresses, if addresses counted when they came.
func (g *Gate) SetLimits(l Limits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits = l
	g.pace, g.each = l.Rate.pace(), l.AddressRate.pace()
}

// Enter counts a client in at p, or says why it may not come in: then it is
// counted as refused and leaves nothing behind. An address that is not valid is
// one not known yet: Identify may tell it.
func (g *Gate) Enter(p *Place, a netip.Addr, now time.Time) Reason {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.clock(now)
	why := g.allows(a, at)
	switch {
	case why != None:
	case g.limits.MaxConns > 0 && g.open >= g.limits.MaxConns:
		why = MaxConns
	case !g.pace.allows(g.bucket, at):
		why = TooFast
	}
	if why != None {
		g.refused[why]++
		return why
	}
	g.bucket = g.pace.take(g.bucket, at)
	g.open++
	*p = Place{gate: g, address: g.settle(a, at)}
	return None
}

// Identify tells the address of a client that entered without one, and whether it
// may stay. If not, it is counted as refused and must leave.
func (p *Place) Identify(a netip.Addr, now time.Time) Reason {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.clock(now)
	why := g.allows(a, at)
	if why != None {
		g.refused[why]++
	} else if !p.left && p.address == nil {
		p.address = g.settle(a, at)
	}
	return why
}

// Leave counts the client out. Only the first call counts, and only if it entered.
func (p *Place) Leave(now time.Time) {
	g := p.gate
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.left {
		return
	}
	p.left = true
	g.open--
	at := g.clock(now)
	if p.address != nil {
		g.release(p.address)
		p.address = nil
	}
	g.forget(at)
}

// Refuse counts a client that its user refuses, for a reason of its own.
func (g *Gate) Refuse(why Reason) {
	g.mu.Lock()
	g.refused[why]++
	g.mu.Unlock()
}

// Stats are the counts as of now.
func (g *Gate) Stats(now time.Time) Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(g.clock(now))
	return Stats{
		Open:        g.open,
		Addresses:   len(g.known),
		Filter:      g.refused[Filtered],
		MaxConns:    g.refused[MaxConns],
		PerAddress:  g.refused[PerAddress],
		Rate:        g.refused[TooFast],
		AddressRate: g.refused[AddressTooFast],
		Proxy:       g.refused[Proxy],
		Pending:     g.refused[Pending],
	}
}

// clock is now as a time since the Gate was first used. It begins at one: zero is
// what a bucket holds that was never used.
func (g *Gate) clock(now time.Time) time.Duration {
	if g.start.IsZero() {
		g.start = now.Add(-1)
	}
	return now.Sub(g.start)
}

// allows is what Enter asks about an address. It changes nothing.
func (g *Gate) allows(a netip.Addr, at time.Duration) Reason {
	if !a.IsValid() {
		return None
	}
	if g.limits.Filter != nil && !g.limits.Filter.Allows(a) {
		return Filtered
	}
	from := g.known[network(plain(a))]
	switch {
	case from == nil:
		return None
	case g.limits.PerAddress > 0 && from.open >= g.limits.PerAddress:
		return PerAddress
	case !g.each.allows(from.bucket, at):
		return AddressTooFast
	}
	return None
}
