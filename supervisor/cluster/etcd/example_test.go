package etcd_test

import (
	"crypto/tls"
	"time"

	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/etcd"
)

func Example() {
	trust := &tls.Config{MinVersion: tls.VersionTLS13}
	inEtcd := etcd.Provider{
		Endpoints: []string{"etcd-1.example:2379", "etcd-2.example:2379", "etcd-3.example:2379"},
		Prefix:    "/mygame", // a cluster's own
		TTL:       10 * time.Second,
		TLS:       trust,
	}
	var _ cluster.Provider = inEtcd // for cluster.Config
}
