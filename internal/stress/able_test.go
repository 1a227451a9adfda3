//go:build linux

package stress_test

import (
	"context"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/supervisor"
)

// What the server can do by now. A scenario whose promise is not kept yet is skipped and
// says which; this file is all that has to change.
const (
	drains          = false // Fairlead.Drain, Closed.Unanswered and Told, the kick's JSON and 1012
	replacesKilled  = false // actors of the tree that are stopped from outside come back
	forgetsEarly    = false // link.welcome counts no client whose link has ended
	closesStuck     = false // a kick of a stuck client closes its descriptor at once
	closesByAge     = false // Limits.OutboxAge
	closesOffenders = false // Faults.Panics, and log lines that are bounded
	reopensPort     = false // a listening descriptor that breaks is opened again
	countsAccepts   = false // connectors.Counter
)

// need skips a test whose promise is not kept yet.
func need(t *testing.T, able bool, what string) {
	t.Helper()
	if !able {
		t.Skip("the server cannot do it yet: " + what)
	}
}

// drain ends a server in order.
func drain(_ context.Context, fl *supervisor.Fairlead) error {
	fl.Stop()
	return nil
}

// counts are of clients that never became sockets, if the connector counts them.
func counts(c *hybrid.Connector) (n connectors.Counts) {
	if c, ok := any(c).(connectors.Counter); ok {
		n = c.Counts()
	}
	return n
}
