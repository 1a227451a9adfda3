package cluster

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
)

// phoneBook is a resolver that knows some names.
type phoneBook struct {
	hosts   map[string][]string
	records map[string][]*net.SRV
}

var errUnknown = errors.New("no such name")

func (b phoneBook) LookupHost(_ context.Context, host string) ([]string, error) {
	if ips, ok := b.hosts[host]; ok {
		return ips, nil
	}
	return nil, errUnknown
}

func (b phoneBook) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if records, ok := b.records[name]; ok && service == "" && proto == "" {
		return name, records, nil
	}
	return "", nil, errUnknown
}

func TestAutomanagedLooksUpNames(t *testing.T) {
	book := phoneBook{
		hosts: map[string][]string{"one": {"10.0.0.1"}, "many": {"10.0.0.2", "fd00::3"}},
		records: map[string][]*net.SRV{"_nodes._tcp.mygame": {
			{Target: "gate-0.mygame.", Port: 7946}, {Target: "backend-0.mygame.", Port: 7947},
		}},
	}
	tests := map[string]struct{ addresses, want []string }{
		"an IP address":      {[]string{"10.0.0.9:1"}, []string{"10.0.0.9:1"}},
		"a name of one host": {[]string{"one:1"}, []string{"one:1"}},
		"a name of several":  {[]string{"many:1"}, []string{"10.0.0.2:1", "[fd00::3]:1"}},
		"SRV records":        {[]string{"_nodes._tcp.mygame"}, []string{"backend-0.mygame:7947", "gate-0.mygame:7946"}},
		"a name twice":       {[]string{"one:1", "one:1"}, []string{"one:1"}},
		"nobody's name":      {[]string{"nobody:1", "one:1"}, []string{"before:1", "one:1"}},
		"nobody's records":   {[]string{"_nodes._tcp.nobody"}, []string{"before:1"}},
		"several":            {[]string{"one:1", "many:2"}, []string{"10.0.0.2:2", "[fd00::3]:2", "one:1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := (automanaged{tt.addresses, book}).look(t.Context(), []string{"before:1"}); !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}
