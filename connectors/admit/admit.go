// Package admit decides who may come in: by address, by how many are in, and by
// how fast they come. It counts and compares, and knows no wire: connectors ask it
// when a client arrives and tell it when the client is gone. The time is theirs
// too.
package admit

import (
	"net"
	"net/netip"
)

// Limits say who may come in. The zero Limits let all in. A client is counted
// from the moment it arrives until its connection is closed, whatever it sends; one
// that is refused is closed at once, and counted in Stats only.
type Limits struct {
	// MaxConns is how many clients may be in at once. Zero means as many as the
	// place where they arrive can hold, negative any number.
	MaxConns int
	// PerAddress is how many may be in at once from one address, which for IPv6
	// is a network of 64 bits. Zero means any number.
	PerAddress int
	// Rate is how fast clients may come in. Zero means any speed.
	Rate Rate
	// AddressRate is how fast they may come in from one address, which for IPv6
	// is a network of 64 bits. Zero means any speed.
	AddressRate Rate
	// Filter says from where clients may come. Nil means from anywhere.
	Filter *Filter
}

// Rate is a speed with which clients come in: so many a second on the average,
// and as a burst after a rest. Those who are refused do not count.
type Rate struct {
	// PerSecond is the average, 0.1 being one client in ten seconds. Zero means
	// any speed.
	PerSecond float64
	// Burst is how many may come at once. Zero means PerSecond, at least one.
	Burst int
}

// Reason is why a client is refused: the option that it is beyond.
type Reason uint8

// The reasons. None is that the client may come in.
const (
	None Reason = iota
	Filtered
	MaxConns
	PerAddress
	TooFast
	AddressTooFast
	Proxy   // its PROXY header is malformed, late or missing
	Pending // too many are on their way in
	reasons
)

// Stats are counts of one Gate.
type Stats struct {
	// Open is how many clients are in, and Addresses how many addresses are
	// remembered: those of clients that are in, and those of clients that have
	// left but whose AddressRate still matters.
	Open, Addresses int
	// How many were refused so far, by the option that they were beyond.
	Filter, MaxConns, PerAddress, Rate, AddressRate, Proxy, Pending uint64
}

// Refused is how many were refused for any reason.
func (s Stats) Refused() uint64 {
	return s.Filter + s.MaxConns + s.PerAddress + s.Rate + s.AddressRate + s.Proxy + s.Pending
}

// AddrOf is the address in a, with IPv4 as such and without zone. It is not valid
// when a has none: neither filters nor limits per address apply then.
func AddrOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	if ip, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		return plain(ip.AddrPort().Addr())
	}
	ip, _ := netip.ParseAddrPort(a.String())
	return plain(ip.Addr())
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// network is what counts as one address: a client has one of IPv4, but chooses
// from 2^64 of IPv6.
func network(a netip.Addr) netip.Addr {
	if a.Is6() {
		p, _ := a.Prefix(64)
		return p.Addr()
	}
	return a
}
