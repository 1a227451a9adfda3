package cluster

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
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

// Automanaged finds nodes at addresses that are known beforehand, host:port each. Some are enough: they know of the
// others. A name may stand for several hosts; those are called by their IP addresses, for which certificates must be
// valid then. One that begins with "_" is that of SRV records, "_nodes._tcp.mygame.default.svc.cluster.local", as a headless
// service of Kubernetes has them for its named ports: they tell hosts by name, and ports.
func Automanaged(addresses ...string) Provider { return automanaged{addresses, net.DefaultResolver} }

type automanaged struct {
	addresses []string
	resolver  resolver
}

// resolver is what a *net.Resolver does.
type resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
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

// look finds all addresses. While one of the names cannot be looked up, what was known is kept.
func (a automanaged) look(ctx context.Context, before []string) (all []string) {
	for _, address := range a.addresses {
		found, err := a.hosts(ctx, address)
		if err != nil {
			found = before
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// hosts are those that one address stands for.
func (a automanaged) hosts(ctx context.Context, address string) (all []string, err error) {
	if strings.HasPrefix(address, "_") {
		_, records, err := a.resolver.LookupSRV(ctx, "", "", address)
		for _, r := range records {
			all = append(all, net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port))))
		}
		return all, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || net.ParseIP(host) != nil {
		return []string{address}, nil
	}
	ips, err := a.resolver.LookupHost(ctx, host)
	if err != nil || len(ips) < 2 { // a name of one host is how certificates know it
		return []string{address}, err
	}
	for _, ip := range ips {
		all = append(all, net.JoinHostPort(ip, port))
	}
	return all, nil
}
