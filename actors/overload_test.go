package actors_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

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

// The gate's first level halves what may wait before lossy pushes go.
func TestThriftHalvesSoftLimits(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		narrow(tree, p)
		tree.Limits.Memory = actors.MemoryUsed() * 100 / 75
	}, func(r *rig) {
		e := r.dial()
		time.Sleep(time.Second)
		if load := r.tree.Stats().Load; load != 1 {
			t.Skipf("load %d: somebody else's memory came or went", load)
		}
		for _, body := range []string{"L1", "L2", "L3"} {
			r.push(e, body, lossy)
		}
		if got, want := e.batch(), []string{"on:L2     ", "on:L3     "}; !slices.Equal(got, want) {
			t.Errorf("batch = %q, want %q", got, want)
		}
	})
}
