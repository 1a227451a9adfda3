package admit

import (
	"fmt"
	"net/netip"
	"sync/atomic"
)

// Filter says from where clients may come. It may be changed at any time, for
// clients that come later, and may serve several places. The zero Filter lets all
// in.
type Filter struct {
	rules atomic.Pointer[rules]
}

// Rules are what a Filter goes by. An address that Deny has is refused; one that
// Allow has not is too, unless Allow is empty. IPv4 addresses and prefixes
// written as IPv6 (::ffff:192.0.2.1) count as IPv4. Addresses that are no IP
// addresses are never refused.
type Rules struct {
	Allow, Deny []netip.Prefix
}

// rules are Rules that can be asked. They do not change.
type rules struct {
	allow, deny Prefixes
}

// NewFilter makes a Filter with these rules. It panics when a prefix is not valid.
func NewFilter(r Rules) *Filter {
	f := &Filter{}
	if err := f.Set(r); err != nil {
		panic(err)
	}
	return f
}

// Set replaces the rules. It does not keep r. When a prefix is not valid the
// rules stay as they were.
func (f *Filter) Set(r Rules) error {
	allow, err := NewPrefixes(r.Allow)
	if err != nil {
		return fmt.Errorf("Rules.Allow%w", err)
	}
	deny, err := NewPrefixes(r.Deny)
	if err != nil {
		return fmt.Errorf("Rules.Deny%w", err)
	}
	f.rules.Store(&rules{allow: allow, deny: deny})
	return nil
}

// Allows tells whether a client may come from a.
func (f *Filter) Allows(a netip.Addr) bool {
	r := f.rules.Load()
	if r == nil || !a.IsValid() {
		return true
	}
	return !r.deny.Contain(a) && (r.allow.Empty() || r.allow.Contain(a))
}

// Prefixes is a set of prefixes. Asking it takes one look for each length that
// occurs in it, however many there are.
type Prefixes struct {
	all  map[netip.Prefix]struct{}
	bits [2][]int // lengths of IPv4 and IPv6
}

// NewPrefixes makes a set. The error begins with the index of a prefix that is
// not valid.
func NewPrefixes(list []netip.Prefix) (Prefixes, error) {
	s := Prefixes{all: make(map[netip.Prefix]struct{}, len(list))}
	var seen [2][129]bool
	for i, p := range list {
		if !p.IsValid() {
			return Prefixes{}, fmt.Errorf("[%d]: not a valid prefix", i)
		}
		p = unmapped(p).Masked()
		s.all[p] = struct{}{}
		v := version(p.Addr())
		if !seen[v][p.Bits()] {
			seen[v][p.Bits()] = true
			s.bits[v] = append(s.bits[v], p.Bits())
		}
	}
	return s, nil
}

// unmapped is p as IPv4, if it is written as IPv6.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

func version(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// Empty tells whether nothing is in the set.
func (s Prefixes) Empty() bool { return len(s.all) == 0 }

// Contain tells whether one of them contains a.
func (s Prefixes) Contain(a netip.Addr) bool {
	a = plain(a)
	if !a.IsValid() {
		return false
	}
	for _, bits := range s.bits[version(a)] {
		p, _ := a.Prefix(bits)
		if _, ok := s.all[p]; ok {
			return true
		}
	}
	return false
}
