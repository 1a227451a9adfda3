package cluster

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// Provider finds the nodes of a cluster. It only finds them: who belongs to the cluster is what they agree on
// among themselves.
type Provider interface {
	// Run makes self known and calls found with the addresses of all nodes it knows, whenever they have changed, until
	// ctx ends. It goes on when what it asks is out of reach; an error means that it can never work.
	Run(ctx context.Context, self *messages.Member, found func(addresses []string)) error
}

// lookEvery is how often names are looked up again.
const lookEvery = 2 * time.Second

// Automanaged finds nodes at addresses that are known beforehand: host:port each, where a name may stand for
// any number of hosts, as that of a headless service does. Some are enough: they know of the others.
func Automanaged(addresses ...string) Provider { return automanaged{addresses, net.DefaultResolver} }

type automanaged struct {
	addresses []string
	resolver  *net.Resolver
}

func (a automanaged) Run(ctx context.Context, _ *messages.Member, found func([]string)) error {
	var before []string
	for {
		now := a.look(ctx, before)
		if !slices.Equal(now, before) && ctx.Err() == nil {
			found(now)
			before = now
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookEvery):
		}
	}
}

// look finds all addresses. While a name cannot be looked up, what was known is kept.
func (a automanaged) look(ctx context.Context, before []string) (all []string) {
	for _, address := range a.addresses {
		host, port, err := net.SplitHostPort(address)
		if err != nil || net.ParseIP(host) != nil {
			all = append(all, address)
			continue
		}
		ips, err := a.resolver.LookupHost(ctx, host)
		if err != nil {
			all = append(all, before...)
			continue
		}
		if len(ips) < 2 { // a name of one host is how certificates know it
			all = append(all, address)
			continue
		}
		for _, ip := range ips {
			all = append(all, net.JoinHostPort(ip, port))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
