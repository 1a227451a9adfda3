package admit_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
)

// door is a Gate, the time, and who is in.
type door struct {
	admit.Gate
	now time.Time
	in  []*admit.Place
}

func open(l admit.Limits) *door {
	d := &door{now: time.Unix(1_000_000, 0)}
	d.SetLimits(l)
	return d
}

func (d *door) enter(from string) admit.Reason {
	p := &admit.Place{}
	why := d.Enter(p, addr(from), d.now)
	if why == admit.None {
		d.in = append(d.in, p)
	}
	return why
}

// leave lets the one go who came first.
func (d *door) leave() {
	d.in[0].Leave(d.now)
	d.in = d.in[1:]
}

func addr(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

// A turn is one client that comes, or with from "-" the first that leaves.
type turn struct {
	after time.Duration
	from  string
	want  admit.Reason
}

func TestLimits(t *testing.T) {
	const a, b, c = "192.0.2.1", "192.0.2.2", "2001:db8::1"
	const second = time.Second
	in := admit.None
	for name, tt := range map[string]struct {
		limits admit.Limits
		turns  []turn
	}{
		"none":                        {admit.Limits{}, []turn{{0, a, in}, {0, a, in}, {0, a, in}}},
		"negative is none":            {admit.Limits{MaxConns: -1}, []turn{{0, a, in}, {0, a, in}}},
		"so many at once":             {admit.Limits{MaxConns: 2}, []turn{{0, a, in}, {0, b, in}, {0, c, admit.MaxConns}, {0, "-", in}, {0, c, in}, {0, c, admit.MaxConns}}},
		"so many from an address":     {admit.Limits{PerAddress: 1}, []turn{{0, a, in}, {0, a, admit.PerAddress}, {0, b, in}, {0, "-", in}, {0, a, in}}},
		"one address in two writings": {admit.Limits{PerAddress: 1}, []turn{{0, a, in}, {0, "::ffff:" + a, admit.PerAddress}}},
		"64 bits of IPv6 are one":     {admit.Limits{PerAddress: 1}, []turn{{0, c, in}, {0, "2001:db8::ffff:0:0:1", admit.PerAddress}, {0, "2001:db8:0:1::1", in}}},
		"zones are no addresses":      {admit.Limits{PerAddress: 1}, []turn{{0, "fe80::1%a", in}, {0, "fe80::1%b", admit.PerAddress}}},
		"no address, no limit for it": {admit.Limits{PerAddress: 1, AddressRate: admit.Rate{PerSecond: 1}}, []turn{{0, "", in}, {0, "", in}}},
		"a rate":                      {admit.Limits{Rate: admit.Rate{PerSecond: 2}}, []turn{{0, a, in}, {0, b, in}, {0, c, admit.TooFast}, {second/2 - 1, c, admit.TooFast}, {1, c, in}, {0, a, admit.TooFast}, {second, a, in}, {0, a, in}, {0, a, admit.TooFast}}},
		"a slow rate":                 {admit.Limits{Rate: admit.Rate{PerSecond: 0.1}}, []turn{{0, a, in}, {10*second - 1, a, admit.TooFast}, {1, a, in}}},
		"a burst":                     {admit.Limits{Rate: admit.Rate{PerSecond: 1, Burst: 3}}, []turn{{0, a, in}, {0, a, in}, {0, a, in}, {0, a, admit.TooFast}, {second, a, in}, {0, a, admit.TooFast}, {time.Hour, a, in}, {0, a, in}, {0, a, in}, {0, a, admit.TooFast}}},
		"a rate for an address":       {admit.Limits{AddressRate: admit.Rate{PerSecond: 1}}, []turn{{0, a, in}, {0, a, admit.AddressTooFast}, {0, b, in}, {second, a, in}}},
		"leaving fills no bucket":     {admit.Limits{AddressRate: admit.Rate{PerSecond: 1}}, []turn{{0, a, in}, {0, "-", in}, {second - 1, a, admit.AddressTooFast}, {1, a, in}}},
		"the refused take nothing":    {admit.Limits{PerAddress: 1, Rate: admit.Rate{PerSecond: 1, Burst: 2}}, []turn{{0, a, in}, {0, a, admit.PerAddress}, {0, a, admit.PerAddress}, {0, b, in}, {0, c, admit.TooFast}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(tt.limits)
			for i, turn := range tt.turns {
				d.now = d.now.Add(turn.after)
				if turn.from == "-" {
					d.leave()
				} else if got := d.enter(turn.from); got != turn.want {
					t.Errorf("turn %d: %v, want %v", i, got, turn.want)
				}
			}
		})
	}
}

func TestCountsAreByReason(t *testing.T) {
	f := admit.NewFilter(admit.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}})
	d := open(admit.Limits{Filter: f, PerAddress: 2, AddressRate: admit.Rate{PerSecond: 1}, MaxConns: 2, Rate: admit.Rate{PerSecond: 1, Burst: 2}})
	for range 3 {
		d.enter("198.51.100.1")
	}
	d.enter("192.0.2.1") // in
	d.enter("192.0.2.1") // too fast
	d.now = d.now.Add(time.Second)
	d.enter("192.0.2.1") // in
	d.now = d.now.Add(time.Second)
	d.enter("192.0.2.1") // two of it are in
	d.enter("192.0.2.2") // two are in
	d.leave()
	d.enter("192.0.2.2") // in
	d.leave()
	d.enter("192.0.2.3") // in
	d.leave()
	d.enter("192.0.2.4") // too fast
	d.Refuse(admit.Proxy)
	d.Refuse(admit.Pending)
	d.Refuse(admit.Pending)
	got := d.Stats(d.now)
	want := admit.Stats{Open: 1, Addresses: 2, Filter: 3, AddressRate: 1, PerAddress: 1, MaxConns: 1, Rate: 1, Proxy: 1, Pending: 2}
	if got != want {
		t.Errorf("stats = %+v, want %+v", got, want)
	}
	if got.Refused() != 10 {
		t.Errorf("refused %d, want 10", got.Refused())
	}
}

func TestAPlaceIsLeftOnce(t *testing.T) {
	d := open(admit.Limits{MaxConns: 1, PerAddress: 1})
	d.enter("192.0.2.1")
	first := d.in[0]
	first.Leave(d.now)
	d.enter("192.0.2.1")
	first.Leave(d.now)
	new(admit.Place).Leave(d.now) // never entered
	if got := d.Stats(d.now); got.Open != 1 || got.Addresses != 1 {
		t.Errorf("stats = %+v, want one in", got)
	}
}

func TestIdentifyIsForThoseWhoEnteredUnknown(t *testing.T) {
	f := admit.NewFilter(admit.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}})
	d := open(admit.Limits{PerAddress: 1, Filter: f})
	for name, tt := range map[string]struct {
		from string
		want admit.Reason
	}{
		"denied":                 {"192.0.2.9", admit.Filtered},
		"one from there is in":   {"192.0.2.1", admit.PerAddress},
		"nobody from there":      {"192.0.2.2", admit.None},
		"no address to be known": {"", admit.None},
	} {
		t.Run(name, func(t *testing.T) {
			d.enter("192.0.2.1")
			var p admit.Place
			if why := d.Enter(&p, netip.Addr{}, d.now); why != admit.None {
				t.Fatal(why)
			}
			before := d.Stats(d.now)
			if got := p.Identify(addr(tt.from), d.now); got != tt.want {
				t.Errorf("identified: %v, want %v", got, tt.want)
			}
			p.Leave(d.now)
			after := d.Stats(d.now)
			if after.Open != before.Open-1 || after.Addresses != 1 {
				t.Errorf("%+v became %+v", before, after)
			}
		})
	}
}

// 200,000 attempts from as many networks leave what has a bound, and nothing
// once they have rested.
func TestMemoryIsBounded(t *testing.T) {
	d := open(admit.Limits{AddressRate: admit.Rate{PerSecond: 0.001}})
	ip := addr("2001:db8::").As16()
	for i := range 200_000 {
		ip[5], ip[6], ip[7] = byte(i>>16), byte(i>>8), byte(i)
		var p admit.Place
		if why := d.Enter(&p, netip.AddrFrom16(ip), d.now); why != admit.None {
			t.Fatal(why)
		}
		p.Leave(d.now)
	}
	if got := d.Stats(d.now).Addresses; got != 1<<16 {
		t.Errorf("%d addresses are remembered, want 65,536", got)
	}
	d.now = d.now.Add(1000*time.Second - 1)
	d.enter("192.0.2.1")
	if got := d.Stats(d.now).Addresses; got != 1<<16+1 {
		t.Errorf("%d are remembered before their buckets are full, want 65,537", got)
	}
	d.now = d.now.Add(1)
	d.leave()
	if got := d.Stats(d.now).Addresses; got != 1 {
		t.Errorf("%d are remembered, want one", got)
	}
}

func TestNobodyIsRememberedWithoutARate(t *testing.T) {
	for name, l := range map[string]admit.Limits{
		"so many from an address": {PerAddress: 1},
		"nothing for addresses":   {MaxConns: 1, Rate: admit.Rate{PerSecond: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(l)
			d.enter("192.0.2.1")
			d.leave()
			if got := d.Stats(d.now); got != (admit.Stats{}) {
				t.Errorf("stats = %+v", got)
			}
		})
	}
}

func TestLimitsMayChange(t *testing.T) {
	d := open(admit.Limits{})
	for range 3 {
		d.enter("192.0.2.1")
	}
	d.SetLimits(admit.Limits{MaxConns: 3})
	if got := d.enter("192.0.2.1"); got != admit.MaxConns {
		t.Errorf("the fourth: %v", got)
	}
	d.leave()
	if got := d.enter("192.0.2.1"); got != admit.None {
		t.Errorf("the third: %v", got)
	}
}

func TestAddresses(t *testing.T) {
	for name, tt := range map[string]struct {
		from net.Addr
		want string
	}{
		"TCP":            {&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, "192.0.2.1"},
		"IPv4 as IPv6":   {&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1")}, "192.0.2.1"},
		"UDP and a zone": {&net.UDPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, "fe80::1"},
		"somebody's own": {own("192.0.2.1:80"), "192.0.2.1"},
		"a path":         {&net.UnixAddr{Name: "/run/x", Net: "unix"}, "invalid IP"},
		"none":           {nil, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := admit.AddrOf(tt.from).String(); got != tt.want {
				t.Errorf("address %s, want %s", got, tt.want)
			}
		})
	}
}

type own string

func (own) Network() string  { return "own" }
func (o own) String() string { return string(o) }

func BenchmarkEnterAndLeave(b *testing.B) {
	for name, l := range map[string]admit.Limits{
		"limits=none": {},
		"limits=all":  {MaxConns: 10, PerAddress: 10, Rate: admit.Rate{PerSecond: 1e9}, AddressRate: admit.Rate{PerSecond: 1e9}, Filter: admit.NewFilter(admit.Rules{})},
	} {
		b.Run(name, func(b *testing.B) {
			d, from := open(l), addr("192.0.2.1")
			b.ReportAllocs()
			for b.Loop() {
				var p admit.Place
				if d.Enter(&p, from, d.now) != admit.None {
					b.Fatal("refused")
				}
				p.Leave(d.now)
				d.now = d.now.Add(time.Microsecond)
			}
		})
	}
}
