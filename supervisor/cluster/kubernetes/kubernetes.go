// Package kubernetes finds the nodes of a cluster among the pods of Kubernetes: it lists those that a selector
// chooses, and watches them. It speaks the few requests of the API that this takes by itself, so it
// brings no client of Kubernetes with it.
//
// The pod's service account must be allowed to get, list and watch pods of its namespace; see
// deploy/kubernetes/rbac.yaml. It is tested with a server that answers as the API server's documentation says.
package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fairlead-go/fairlead/internal/calm"
	"github.com/fairlead-go/fairlead/internal/tries"
	"github.com/fairlead-go/fairlead/messages"
)

// Provider finds nodes among pods. It is a cluster.Provider.
//
// A pod that has a host name and a subdomain, as those of a StatefulSet do, is found by its name
// "host.subdomain.namespace.svc.cluster.local", for which there can be certificates; others by their IP. A node
// should advertise the same. Pods count as soon as they have an IP, ready or not: the headless service needs
// publishNotReadyAddresses.
type Provider struct {
	// Selector chooses the pods by their labels: "app=fairlead". It must not be empty.
	Selector string
	// Namespace of the pods. Empty means that of the pod itself.
	Namespace string
	// Port is where nodes listen for other nodes. Zero means 7946.
	Port int
	// Domain is what the names of the cluster end with. Empty means "cluster.local".
	Domain string
	// Server is the API server's URL. Empty means what KUBERNETES_SERVICE_HOST and _PORT say, which each pod has.
	Server string
	// Folder holds the service account's token, ca.crt and namespace. They are read again, since they
	// change. Empty means where each pod has them.
	Folder string
	// Logger hears of trouble. Nil means slog.Default().
	Logger *slog.Logger
}

func (p Provider) withDefaults() Provider {
	if p.Port == 0 {
		p.Port = 7946
	}
	if p.Domain == "" {
		p.Domain = "cluster.local"
	}
	if p.Folder == "" {
		p.Folder = "/var/run/secrets/kubernetes.io/serviceaccount"
	}
	if host := os.Getenv("KUBERNETES_SERVICE_HOST"); p.Server == "" && host != "" {
		p.Server = "https://" + net.JoinHostPort(host, os.Getenv("KUBERNETES_SERVICE_PORT"))
	}
	p.Server = strings.TrimSuffix(p.Server, "/")
	p.Logger = calm.New(p.Logger)
	return p
}

func (p Provider) check() error {
	switch {
	case p.Selector == "":
		return errors.New("Selector: it would choose every pod")
	case p.Server == "":
		return errors.New("Server: it is empty, and this is no pod")
	case !strings.HasPrefix(p.Server, "https://"):
		return fmt.Errorf("Server: %q is no https URL", p.Server)
	case p.Port < 1 || p.Port > 65535:
		return fmt.Errorf("Port: %d", p.Port)
	}
	return nil
}

// Run tells found of the pods that there are, until ctx ends. Kubernetes knows of self already. An error is one
// of the Provider's fields, or a service account that is not there.
func (p Provider) Run(ctx context.Context, _ *messages.Member, found func(addresses []string)) error {
	p = p.withDefaults()
	if err := p.check(); err != nil {
		return err
	}
	if p.Namespace == "" {
		name, err := os.ReadFile(filepath.Join(p.Folder, "namespace"))
		if err != nil {
			return fmt.Errorf("Namespace: %w", err)
		}
		p.Namespace = strings.TrimSpace(string(name))
	}
	w := &watcher{Provider: p, found: found}
	tries.Until(ctx, w.round, func(err error) {
		p.Logger.Warn("Kubernetes does not tell of other nodes", "error", err)
	})
	return nil
}

// watcher is one Run. It has one goroutine.
type watcher struct {
	Provider
	found func([]string)

	told []string // what found was called with last
}

// round lists the pods and follows their changes, until something breaks or the API server has forgotten where we were.
func (w *watcher) round(ctx context.Context, well func()) error {
	a, err := dial(w.Provider)
	if err != nil {
		return err
	}
	defer a.close()
	pods, version, err := a.list(ctx)
	if err != nil {
		return err
	}
	well()
	there := map[string]string{}
	for _, p := range pods {
		w.put(there, p)
	}
	w.tell(there)
	for {
		// A watch ends by itself after some minutes. The next one goes on where it was.
		before := version
		version, err = a.watch(ctx, version, func(kind string, p pod) {
			if kind == deleted {
				delete(there, p.Metadata.Name)
			} else {
				w.put(there, p)
			}
			w.tell(there)
		})
		if errors.Is(err, errGone) {
			return nil // it is no trouble: all is listed again
		}
		if err != nil || version == before { // one that brings nothing is not asked for again without a pause
			return err
		}
	}
}

// put notes a pod's address under its name, or that it has none.
func (w *watcher) put(there map[string]string, p pod) {
	if address := p.address(w.Provider); address != "" {
		there[p.Metadata.Name] = address
	} else {
		delete(there, p.Metadata.Name)
	}
}

// tell tells found of the addresses, when they are others than before.
func (w *watcher) tell(there map[string]string) {
	addresses := slices.Compact(slices.Sorted(maps.Values(there)))
	if !slices.Equal(addresses, w.told) {
		w.told = addresses
		w.found(slices.Clone(addresses))
	}
}
