package supervisor

import (
	"context"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
)

// Nothing that is configured gets lost on its way into the tree, whose own tests show what
// it does there.
func TestEveryOptionReachesTheTree(t *testing.T) {
	cfg := Config{
		Connectors: []connectors.Source{&memory.Connector{}},
		Routes:     []actors.Route{actors.NewRoute("r")},
		Handshake:  func(context.Context, *connectors.Hello) (any, error) { return nil, nil },
		Events:     actor.NewPID("a", "b"),
		Logger:     slog.New(slog.DiscardHandler),
		Filters:    []actors.Filter{func(next actors.Handler) actors.Handler { return next }},
		Logins:     actors.RefuseNewer,
		Tick:       1 * time.Second,
		Limits:     Limits{InFlight: 3},
		Faults:     Faults{Panics: actors.Intensity{Most: 4}},
		Drain:      DrainPolicy{Rate: 10, RetryAfter: time.Second},
		Cluster:    struct{ actors.Cluster }{},
	}
	given := reflect.ValueOf(cfg)
	for i := range given.NumField() {
		if given.Field(i).IsZero() {
			t.Errorf("the test does not set Config.%s", given.Type().Field(i).Name)
		}
	}
	tree, err := cfg.tree()
	if err != nil {
		t.Fatal(err)
	}
	got := reflect.ValueOf(tree)
	for i := range got.NumField() {
		name := got.Type().Field(i).Name
		if got.Field(i).IsZero() {
			t.Errorf("Tree.%s is not set", name)
		}
		if name == "Limits" || name == "Faults" { // with their defaults
			continue
		}
		if from := given.FieldByName(name); from.IsValid() && from.Comparable() && from.Type() == got.Field(i).Type() && !from.Equal(got.Field(i)) {
			t.Errorf("Tree.%s is %v, want %v", name, got.Field(i), from)
		}
	}
	cfg.Limits.Memory = tree.Memory // of this machine
	if tree.Limits != cfg.Limits.WithDefaults() || tree.Faults != cfg.Faults.WithDefaults() {
		t.Errorf("limits are %+v, faults %+v", tree.Limits, tree.Faults)
	}
}

func TestANodeOfAClusterNeedsNoConnectors(t *testing.T) {
	if _, err := (Config{}).tree(); err == nil {
		t.Error("without a cluster: no error")
	}
	if _, err := (Config{Cluster: struct{ actors.Cluster }{}}).tree(); err != nil {
		t.Errorf("with a cluster: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	tree, err := Config{Connectors: []connectors.Source{&memory.Connector{}}}.tree()
	if err != nil {
		t.Fatal(err)
	}
	if tree.Tick != 20*time.Millisecond || tree.Log == nil || tree.Limits != (Limits{Memory: tree.Memory}).WithDefaults() || tree.Faults != (Faults{}).WithDefaults() {
		t.Errorf("defaults are %+v", tree)
	}
	tree, err = Config{Connectors: []connectors.Source{&memory.Connector{}}, Tick: -1, Limits: Limits{RequestTimeout: -1}}.tree()
	if err != nil || tree.Tick != -1 || tree.RequestTimeout != 0 {
		t.Errorf("negative times give tick %v, timeout %v, %v", tree.Tick, tree.RequestTimeout, err)
	}
}
