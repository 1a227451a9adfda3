package actors_test

import (
	"slices"
	"testing"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
)

// What a client has asked together with what ends a handler's goroutine is handled all the same.
func TestAGoroutineThatEndsInAHandlerCostsItsRequestOnly(t *testing.T) {
	for name, trust := range map[string]bool{"of a worker": false, "that is lent": true} {
		t.Run(name, func(t *testing.T) {
			atOffice(t, nil, func(r *rig, o *office, a, b *hand) {
				if trust {
					actors.Trust(r.tree)
				}
				var turn connectors.Turn
				a.lend(&turn, "R 1 office.echo a", "R 2 office.exit b", "R 3 office.echo c", "R 4 office.exit d", "R 5 office.echo e")
				b.lend(&turn, "R 1 office.echo x")
				go turn.Do()
				var got []string
				for len(got) < 5 {
					got = append(got, a.batch()...)
				}
				if slices.Sort(got); !slices.Equal(got, []string{"1=a", "2!500", "3=c", "4!500", "5=e"}) {
					t.Errorf("answers %q", got)
				}
				if got := b.batch(); !slices.Equal(got, []string{"1=x"}) {
					t.Errorf("another client's answers %q", got)
				}
			})
		})
	}
}
