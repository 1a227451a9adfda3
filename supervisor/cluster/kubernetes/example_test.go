package kubernetes_test

import (
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/kubernetes"
)

func Example() {
	amongPods := kubernetes.Provider{
		Selector: "app=mygame",
		Port:     7946,
	}
	var _ cluster.Provider = amongPods // for cluster.Config
}
