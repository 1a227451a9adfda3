package actors

import (
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// Levels rise at once and fall one by one, after two calm seconds each, counted from 5 % below
// the mark.
func TestTheMemoryGateRisesAtOnceAndFallsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used atomic.Uint64
		n := &node{system: actor.NewActorSystem(), log: slog.New(slog.DiscardHandler)}
		n.Limits.Memory = 1000
		var told []int32
		sub := n.system.EventStream.Subscribe(func(ev any) {
			if m, ok := ev.(*messages.Load); ok {
				told = append(told, m.Level)
			}
		})
		defer n.system.EventStream.Unsubscribe(sub)
		n.directory = newDirectory()
		n.memory.used = used.Load
		n.memory.start(n)
		defer n.memory.stop()
		for _, step := range []struct {
			part  float64
			after time.Duration
			want  int32
		}{
			{0.69, time.Second, 0},
			{0.70, 250 * time.Millisecond, 1},
			{0.66, 10 * time.Second, 1}, // less than 5 % below its mark
			{0.64, 1750 * time.Millisecond, 1},
			{0.64, 750 * time.Millisecond, 0},
			{0.95, 250 * time.Millisecond, 3},
			{0.50, 2250 * time.Millisecond, 2},
			{0.50, 2 * time.Second, 1},
			{0.50, 2 * time.Second, 0},
		} {
			used.Store(uint64(step.part * 1000))
			time.Sleep(step.after)
			synctest.Wait()
			if got := n.level.Load(); got != step.want {
				t.Errorf("%v at %.2f: level %d, want %d", step.after, step.part, got, step.want)
			}
		}
		if want := []int32{1, 0, 3, 2, 1, 0}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

// What the collector found alive counts, not what it has yet to free.
func TestMemoryThatIsHeldCounts(t *testing.T) {
	const size = 64 << 20
	runtime.GC()
	before := memoryUsed()
	held := make([]byte, size)
	runtime.GC()
	if with := memoryUsed(); with < before+size*9/10 {
		t.Errorf("%d bytes used, want about %d more than %d", with, size, before)
	}
	runtime.KeepAlive(held)
	runtime.GC()
	if after := memoryUsed(); after > before+size/2 {
		t.Errorf("%d bytes used after all was let go, %d before", after, before)
	}
}

func TestThoseForWhomMostWaitsGoFirst(t *testing.T) {
	n := &node{system: actor.NewActorSystem(), log: slog.New(slog.DiscardHandler), directory: newDirectory(), born: time.Now()}
	n.root = n.system.Root
	g := &gate{node: n}
	for no := range uint64(100) {
		l := &link{gate: g, no: no, batcher: newBatcher(n, 0), pid: n.system.NewLocalPID("nobody")}
		l.session.Store(&messages.Session{})
		l.out.bytes = int(no)
		n.directory.add(l)
	}
	n.shedLargest(2)
	for no := range uint64(100) {
		l := n.directory.find(no)
		if gone := l.reason != nil; gone != (no >= 98) {
			t.Errorf("client %d gone = %v", no, gone)
		}
	}
	if r := n.directory.find(99).reason; r == nil || r.Cause != messages.CauseOverloaded {
		t.Errorf("reason = %v", r)
	}
}

func TestThriftHalvesSoftLimits(t *testing.T) {
	n := &node{Tree: Tree{Limits: Limits{OutboxSoft: 1000, OutboxHard: 1000}}}
	l := &link{gate: &gate{node: n}}
	for level, want := range map[int32]int{0: 1000, levelThrift: 500, levelRefuse: 500, levelShed: 500} {
		n.level.Store(level)
		if got := l.softLimit(); got != want {
			t.Errorf("level %d: %d bytes, want %d", level, got, want)
		}
		if got := l.shedding(); got != (level >= levelRefuse) {
			t.Errorf("level %d: lossy pushes go at once = %v", level, got)
		}
	}
}
