package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestPercentilesAreWithinATenthOfAPercent(t *testing.T) {
	draws := map[string]func(*rand.Rand) float64{
		"all alike":         func(*rand.Rand) float64 { return 123456 },
		"even":              func(r *rand.Rand) float64 { return r.Float64() * 1e9 },
		"a long tail":       func(r *rand.Rand) float64 { return math.Exp(10 + 3*r.NormFloat64()) },
		"a few nanoseconds": func(r *rand.Rand) float64 { return r.Float64() * 100 },
	}
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			s := newSeries("x", 0)
			var all []time.Duration
			for i := range 10000 {
				d := time.Duration(draw(r))
				s.took(i, d, true)
				all = append(all, d)
			}
			slices.Sort(all)
			l := s.shows()
			for _, q := range []float64{.5, .9, .99, .999, 1} {
				got, want := l.quantile(q), all[int(math.Ceil(q*10000))-1]
				if math.Abs(float64(got-want)) > .001*float64(want) {
					t.Errorf("p%v = %v, want %v", 100*q, got, want)
				}
			}
			if l.count != 10000 || l.most != all[9999] {
				t.Errorf("count %d and most %v, want 10000 and %v", l.count, l.most, all[9999])
			}
		})
	}
}

func TestFewDurations(t *testing.T) {
	s := newSeries("x", 0)
	if l := s.shows(); l.quantile(.5) != 0 || l.mean() != 0 || l.most != 0 {
		t.Errorf("of none: p50 %v, mean %v, most %v", l.quantile(.5), l.mean(), l.most)
	}
	s.took(0, -time.Second, true) // a clock may say so
	s.took(1, 2*time.Microsecond, true)
	s.took(2, time.Second, false)
	if l := s.shows(); l.quantile(.5) != 0 || l.mean() != time.Microsecond || l.quantile(.8) != 2*time.Microsecond || l.count != 2 {
		t.Errorf("of two: p50 %v, mean %v, p80 %v, count %d", l.quantile(.5), l.mean(), l.quantile(.8), l.count)
	}
	if s.seen() != 3 {
		t.Errorf("%d seen, want 3", s.seen())
	}
	s.took(0, 2*time.Hour, true)
	if l := s.shows(); l.most != longest || l.quantile(1) != longest {
		t.Errorf("most %v, p100 %v, want %v", l.most, l.quantile(1), longest)
	}
}

// One that took 10 ms, of a client that would ask every millisecond, stands for those that it has kept from
// being asked: 9 ms, 8 ms, … 1 ms.
func TestWhatWasNotAskedIsMadeUpFor(t *testing.T) {
	made, plain := newSeries("x", time.Millisecond), newSeries("x", 0)
	for _, s := range []*series{made, plain} {
		for range 90 {
			s.took(0, time.Millisecond, true)
		}
		s.took(0, 10*time.Millisecond, true)
	}
	l, p := made.shows(), plain.shows()
	if l.count != 91 || l.hist.TotalCount() != 100 || p.hist.TotalCount() != 91 {
		t.Errorf("count %d of %d, plain %d; want 91 of 100, and 91", l.count, l.hist.TotalCount(), p.hist.TotalCount())
	}
	for q, want := range map[float64]time.Duration{.5: 1, .91: 1, .92: 2, .95: 5, .99: 9, 1: 10} {
		if got := l.quantile(q).Round(10 * time.Microsecond); got != want*time.Millisecond {
			t.Errorf("p%v = %v, want %v ms", 100*q, got, int(want))
		}
	}
	if got := p.quantile(.98).Round(10 * time.Microsecond); got != time.Millisecond {
		t.Errorf("plain p98 = %v, want 1ms", got)
	}
}

func BenchmarkSeriesTook(b *testing.B) {
	b.ReportAllocs()
	s := newSeries("x", 0)
	for b.Loop() {
		s.took(0, 123*time.Microsecond, true)
	}
}
