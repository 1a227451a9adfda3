package consul_test

import (
	"time"

	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/consul"
)

func Example() {
	inConsul := consul.Provider{
		Address: "127.0.0.1:8500", // the machine's agent
		Service: "mygame",
		TTL:     10 * time.Second,
	}
	var _ cluster.Provider = inConsul // for cluster.Config
}
