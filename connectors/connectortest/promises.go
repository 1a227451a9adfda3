package connectortest

import (
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/internal/leak"
)

// promise is one thing that package connectors, or what is built on it, promises.
type promise struct {
	name  string // of the subtest
	text  string // of the promise, a sentence
	needs func(Harness) (missing string)
	check func(*rig)
}

// promises are all that are checked, in this order.
func promises() (all []promise) {
	for _, list := range [][]promise{places, incoming, outgoing, endings, conversation, deliveries, costs, served, leavings} {
		all = append(all, list...)
	}
	return all
}

// Run checks all promises, each in a subtest, and that no goroutine is left when they have run: of
// those that were not there before. It takes some seconds. A connector that is right passes any number of times,
// under the race detector too.
func Run(t *testing.T, h Harness) {
	h = h.withDefaults()
	left := leak.Since()
	for _, p := range promises() {
		t.Run(p.name, func(t *testing.T) { p.run(t, h) })
	}
	t.Run(nothingLeft, func(t *testing.T) { leftNothing(newRig(t, h), left) })
}

// nothingLeft is the subtest that follows all promises.
const nothingLeft = "no goroutine is left"

func leftNothing(r *rig, left func(time.Duration) error) {
	r.Helper()
	if err := left(2 * r.Patience); err != nil {
		r.broken("Conn", "goroutines are left when all Listeners and Conns are closed: %v", err)
	}
}

func (p promise) run(t testing.TB, h Harness) {
	t.Helper()
	if p.needs != nil {
		if missing := p.needs(h); missing != "" {
			t.Skip(missing)
		}
	}
	p.check(newRig(t, h))
}

// What a check may need of a harness.

func streams(h Harness) (missing string) {
	if h.Datagrams {
		return "the wire carries datagrams"
	}
	return ""
}

func order(h Harness) (missing string) {
	if h.NoOrder {
		return "the wire promises no order"
	}
	return ""
}

func another(h Harness) (missing string) {
	if h.At == nil {
		return "the harness has no At"
	}
	return ""
}

func limits(h Harness) (missing string) {
	if h.Limit < 0 {
		return "the wire has no limit to show"
	}
	return ""
}

func both(a, b func(Harness) string) func(Harness) string {
	return func(h Harness) string {
		if missing := a(h); missing != "" {
			return missing
		}
		return b(h)
	}
}
