package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestPercentilesAreWithinHalfAPercent(t *testing.T) {
	draws := map[string]func(*rand.Rand) float64{
		"all alike":          func(*rand.Rand) float64 { return 123456 },
		"even":               func(r *rand.Rand) float64 { return r.Float64() * 1e9 },
		"a long tail":        func(r *rand.Rand) float64 { return math.Exp(10 + 3*r.NormFloat64()) },
		"a few nanoseconds":  func(r *rand.Rand) float64 { return r.Float64() * 100 },
		"centuries too many": func(r *rand.Rand) float64 { return 9e18 * r.Float64() },
	}
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var h histogram
			var all []time.Duration
			for range 10000 {
				d := time.Duration(draw(r))
				h.add(d)
				all = append(all, d)
			}
			slices.Sort(all)
			for _, q := range []float64{.5, .9, .99, .999, 1} {
				got, want := h.quantile(q), all[int(math.Ceil(q*10000))-1]
				if math.Abs(float64(got-want)) > .004*float64(want) {
					t.Errorf("p%v = %v, want %v", 100*q, got, want)
				}
			}
			if h.count() != 10000 || h.max() != all[9999] {
				t.Errorf("count %d and max %v, want 10000 and %v", h.count(), h.max(), all[9999])
			}
		})
	}
}

func TestTheStepsLeaveNoGap(t *testing.T) {
	for i := range len(histogram{}.counts) - 1 {
		if got := step(uint64(middle(i))); got != i {
			t.Fatalf("the middle of step %d, %d ns, is counted in step %d", i, middle(i), got)
		}
	}
	if last := step(math.MaxInt64); last != len(histogram{}.counts)-1 {
		t.Errorf("the longest duration is counted in step %d of %d", last, len(histogram{}.counts))
	}
}

func TestFewDurations(t *testing.T) {
	var h histogram
	if h.quantile(.5) != 0 || h.mean() != 0 || h.max() != 0 {
		t.Errorf("of none: p50 %v, mean %v, max %v", h.quantile(.5), h.mean(), h.max())
	}
	h.add(-time.Second) // a clock may say so
	h.add(2 * time.Millisecond)
	if h.quantile(.5) != 0 || h.mean() != time.Millisecond || h.quantile(.51) != 2*time.Millisecond {
		t.Errorf("of two: p50 %v, mean %v, p51 %v", h.quantile(.5), h.mean(), h.quantile(.51))
	}
}

func BenchmarkHistogramAdd(b *testing.B) {
	b.ReportAllocs()
	var h histogram
	for b.Loop() {
		h.add(123 * time.Microsecond)
	}
}
