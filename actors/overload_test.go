package actors_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// With a byte of memory everything is too much: newcomers are told so, those for whom something
// waits go, and the others stay.
func TestWithoutMemoryLoadIsShed(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		p.shy, tree.Limits.Memory = true, 1
	}, func(r *rig) {
		come := func() *end {
			e := r.dial()
			e.send("H me")
			e.batch()
			e.session = next[*messages.Connected](t, r.events).Session
			return e
		}
		idle, stuck := come(), come()
		r.clog(stuck)
		r.push(stuck, "waits")
		if got := stuck.hungUp(); got.Cause != messages.CauseOverloaded || got.RetryAfter == 0 || got.Spread == 0 {
			t.Errorf("reason = %+v", got)
		}
		late := r.dial()
		late.send("H too late")
		if got := late.batch(); !slices.Equal(got, []string{"refused: code 503: overloaded"}) {
			t.Errorf("the newcomer got %q", got)
		}
		synctest.Wait()
		if s := r.tree.Stats(); s.Load != 3 || s.Ready != 1 {
			t.Errorf("load %d, %d ready, want 3 and the idle one", s.Load, s.Ready)
		}
		r.push(idle, "a")
		r.push(idle, "b", lossy)
		if got := idle.batch(); !slices.Equal(got, []string{"on:a      "}) {
			t.Errorf("batch = %q, want no lossy push behind another", got)
		}
	})
}
