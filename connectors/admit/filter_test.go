package admit_test

import (
	"net/netip"
	"sync"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/admit"
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestRules(t *testing.T) {
	for name, tt := range map[string]struct {
		allow, deny []netip.Prefix
		from        string
		want        bool
	}{
		"no rules":                        {nil, nil, "192.0.2.1", true},
		"allowed":                         {prefixes("192.0.2.0/24"), nil, "192.0.2.255", true},
		"one beyond":                      {prefixes("192.0.2.0/24"), nil, "192.0.3.0", false},
		"one before":                      {prefixes("192.0.2.0/24"), nil, "192.0.1.255", false},
		"denied":                          {nil, prefixes("192.0.2.0/24"), "192.0.2.0", false},
		"denied is somebody else":         {nil, prefixes("10.0.0.1/32"), "110.0.0.15", true},
		"both: deny wins":                 {prefixes("192.0.2.0/24"), prefixes("192.0.2.7/32"), "192.0.2.7", false},
		"both: deny wins over the closer": {prefixes("192.0.2.7/32"), prefixes("192.0.2.0/24"), "192.0.2.7", false},
		"both: allowed beside":            {prefixes("192.0.2.0/24"), prefixes("192.0.2.7/32"), "192.0.2.8", true},
		"a prefix with bits left over":    {prefixes("192.0.2.77/24"), nil, "192.0.2.1", true},
		"an address written as IPv6":      {prefixes("192.0.2.0/24"), nil, "::ffff:192.0.2.1", true},
		"and denied":                      {nil, prefixes("192.0.2.0/24"), "::ffff:192.0.2.1", false},
		"a prefix written as IPv6":        {prefixes("::ffff:192.0.2.0/120"), nil, "192.0.2.1", true},
		"all of IPv4 as IPv6":             {nil, prefixes("::ffff:0:0/96"), "192.0.2.1", false},
		"IPv6":                            {prefixes("2001:db8::/32"), nil, "2001:db8:ffff::1", true},
		"IPv6 beside":                     {prefixes("2001:db8::/32"), nil, "2001:db9::1", false},
		"IPv6 with a zone":                {prefixes("fe80::/10"), nil, "fe80::1%eth0", true},
		"all of IPv6 is not IPv4":         {prefixes("::/0"), nil, "192.0.2.1", false},
		"all of IPv4 is not IPv6":         {prefixes("0.0.0.0/0"), nil, "2001:db8::1", false},
		"several lengths":                 {prefixes("10.0.0.0/8", "192.0.2.128/25", "192.0.2.3/32"), nil, "192.0.2.3", true},
		"no IP address":                   {prefixes("10.0.0.0/8"), prefixes("0.0.0.0/0"), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			f := admit.NewFilter(admit.Rules{Allow: tt.allow, Deny: tt.deny})
			if got := f.Allows(addr(tt.from)); got != tt.want {
				t.Errorf("allows = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestRulesThatAreNotValidChangeNothing(t *testing.T) {
	var f admit.Filter
	if !f.Allows(addr("192.0.2.1")) {
		t.Error("the zero Filter refuses")
	}
	if err := f.Set(admit.Rules{Deny: prefixes("192.0.2.0/24")}); err != nil {
		t.Fatal(err)
	}
	for want, r := range map[string]admit.Rules{
		"Rules.Allow[1]: not a valid prefix": {Allow: append(prefixes("10.0.0.0/8"), netip.Prefix{})},
		"Rules.Deny[0]: not a valid prefix":  {Deny: make([]netip.Prefix, 1)},
	} {
		if err := f.Set(r); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if f.Allows(addr("192.0.2.1")) {
		t.Error("the old rules are gone")
	}
}

// Rules change while many ask: whoever asks sees the old or the new.
func TestRulesChangeWhileAsked(t *testing.T) {
	f := admit.NewFilter(admit.Rules{Deny: prefixes("192.0.2.0/24")})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				if f.Allows(addr("192.0.2.1")) {
					t.Error("never allowed, but let in")
				}
			}
		})
	}
	for range 1000 {
		_ = f.Set(admit.Rules{Allow: prefixes("10.0.0.0/8")})
		_ = f.Set(admit.Rules{Deny: prefixes("192.0.2.1/32")})
	}
	wg.Wait()
}

func BenchmarkFilter(b *testing.B) {
	deny := make([]netip.Prefix, 0, 10_000)
	for i := range 10_000 {
		deny = append(deny, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 16+i%17))
	}
	f, from := admit.NewFilter(admit.Rules{Deny: deny}), addr("192.0.2.1")
	b.Run("deny=10000/lengths=17", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !f.Allows(from) {
				b.Fatal("refused")
			}
		}
	})
}
