package sim_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fairlead-go/fairlead/internal/leak"
)

// options are the flags of these tests.
type options struct {
	runs   int
	seed   uint64
	faults string
	panics int
}

const (
	// defaultSeed is where a run without -sim.seed begins.
	defaultSeed = 1
	// workers run schedules side by side.
	workers = 2
	// again is how often a single schedule is run, until it fails.
	again = 100
)

// flags are read by TestMain.
func flags() *options {
	o := &options{}
	flag.IntVar(&o.runs, "sim.runs", 0, "how many `schedules` to run; 0: 200, 50 with -short")
	flag.Uint64Var(&o.seed, "sim.seed", defaultSeed, "`seed` of the first schedule")
	flag.StringVar(&o.faults, "sim.faults", "", "`kinds` of faults to draw: none; drop,stall; +stopShard,-drop")
	flag.IntVar(&o.panics, "sim.panics", 20_000, "how many `panics` to inject")
	return o
}

var given = flags()

func TestMain(m *testing.M) { leak.Main(m) }

// TestSim runs schedules whose seeds follow each other.
func TestSim(t *testing.T) {
	f, err := allowed(given.faults)
	if err != nil {
		t.Fatal(err)
	}
	runs := given.runs
	switch {
	case runs == 0 && testing.Short():
		runs = 50
	case runs == 0:
		runs = 200
	}
	if runs == 1 {
		for range again {
			if !try(t, given.seed, f) {
				return
			}
		}
		return
	}
	var next atomic.Int64
	for w := range workers {
		t.Run(fmt.Sprint("worker ", w), func(t *testing.T) {
			t.Parallel()
			for i := next.Add(1) - 1; i < int64(runs); i = next.Add(1) - 1 {
				try(t, given.seed+uint64(i), f)
			}
		})
	}
}

// try runs one schedule and tells whether all promises were kept.
func try(t *testing.T, seed uint64, f faults) (well bool) {
	s := draw(seed, f)
	h, err := play(t, s)
	var breach []string
	switch {
	case err != nil:
		breach = []string{err.Error()}
	default:
		breach = h.judge()
	}
	if len(breach) == 0 {
		return true
	}
	t.Errorf("seed %#x breaks promises; to see it:\n  go test ./internal/sim -run 'TestSim$' -sim.seed=%#x -sim.runs=1%s -v\n%s",
		seed, seed, flagOf(given.faults), strings.Join(breach[:min(len(breach), 8)], "\n"))
	if testing.Verbose() && h != nil {
		fmt.Fprintln(os.Stderr, h)
	}
	return false
}

func flagOf(faults string) string {
	if faults == "" {
		return ""
	}
	return " -sim.faults=" + faults
}
