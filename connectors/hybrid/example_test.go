package hybrid_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/port"
)

// Who may come in is said where clients arrive. Rules change while it is open.
func ExampleConnector_admission() {
	rules := admit.NewFilter(admit.Rules{})
	c := &hybrid.Connector{
		Addr: "127.0.0.1:0",
		Admit: admit.Limits{
			MaxConns:    50_000,
			PerAddress:  2,
			Rate:        admit.Rate{PerSecond: 2_000},
			AddressRate: admit.Rate{PerSecond: 5, Burst: 20},
			Filter:      rules,
		},
		Proxy: port.Proxy{
			Trusted:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			Optional: true,
		},
		Origins: []string{"https://game.example"},
	}
	ls, err := c.Listen(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ls[0].Close()

	for range 2 {
		defer knock(ls[0].Addr()).Close()
	}
	fmt.Println("the third from one address:", ended(knock(ls[0].Addr())))

	_ = rules.Set(admit.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	fmt.Println("the fourth, denied by now:", ended(knock(ls[0].Addr())))

	s := c.Stats()
	fmt.Println("in:", s.Open, "beyond PerAddress:", s.PerAddress, "denied:", s.Filter)
	// Output:
	// the third from one address: closed
	// the fourth, denied by now: closed
	// in: 2 beyond PerAddress: 1 denied: 1
}

// knock comes and says nothing.
func knock(addr net.Addr) net.Conn {
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		panic(err)
	}
	return c
}

// ended waits until the server has closed.
func ended(c net.Conn) string {
	defer c.Close()
	if _, err := bufio.NewReader(c).ReadByte(); err != io.EOF {
		return err.Error()
	}
	return "closed"
}
