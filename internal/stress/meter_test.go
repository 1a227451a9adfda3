//go:build linux

package stress_test

import (
	"math/bits"
	"slices"
	"sync/atomic"
	"time"
)

// histogram counts times, each to within 1.6%.
type histogram struct {
	counts [64 * (1 << histogramBits)]atomic.Uint32
	most   atomic.Int64
}

const histogramBits = 6

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d))].Add(1)
	for m := h.most.Load(); int64(d) > m && !h.most.CompareAndSwap(m, int64(d)); m = h.most.Load() {
	}
}

// bucketOf numbers the buckets: exact ones first, then 64 for each power of two.
func bucketOf(v uint64) int {
	shift := max(bits.Len64(v)-histogramBits-1, 0)
	return shift<<histogramBits + int(v>>shift)
}

// quantile is the time that this part of all times does not exceed, 0 without any.
func (h *histogram) quantile(q float64) time.Duration {
	n := 0
	for i := range h.counts {
		n += int(h.counts[i].Load())
	}
	left := int(float64(n) * (1 - q))
	for i := len(h.counts) - 1; i >= 0 && n > 0; i-- {
		if left -= int(h.counts[i].Load()); left < 0 {
			shift := max(i>>histogramBits-1, 0)
			return min(time.Duration(uint64(i-shift<<histogramBits+1)<<shift-1), time.Duration(h.most.Load()))
		}
	}
	return 0
}

func (h *histogram) count() (n int) {
	for i := range h.counts {
		n += int(h.counts[i].Load())
	}
	return n
}

// window collects what was to happen within a time, however late it did.
type window struct {
	histogram
	since int64
	until atomic.Int64
}

// meter sorts times into windows.
type meter struct {
	windows atomic.Pointer[[]*window]
	fast    atomic.Pointer[window] // the newest
}

// note notes that what was due at a time has happened now.
func (m *meter) note(due int64, now time.Time) {
	if w := m.fast.Load(); w != nil && due >= w.since {
		if due < w.until.Load() {
			w.add(time.Duration(now.UnixNano() - due))
		}
		return
	}
	if all := m.windows.Load(); all != nil {
		for _, w := range *all {
			if due >= w.since && due < w.until.Load() {
				w.add(time.Duration(now.UnixNano() - due))
				return
			}
		}
	}
}

// over measures for a time.
func (m *meter) over(d time.Duration) *window {
	w := &window{since: time.Now().UnixNano()}
	w.until.Store(w.since + int64(d))
	var all []*window
	if p := m.windows.Load(); p != nil {
		all = slices.Clone(*p)
	}
	all = append(all, w)
	m.windows.Store(&all)
	m.fast.Store(w)
	pause(d)
	return w
}

// pairs are the calm windows, and the bad ones between them.
type pairs struct{ calm, bad []*window }

// measure measures n bad windows between n+1 calm ones. hurt makes it bad, and returns
// what makes it calm again.
func (m *meter) measure(n int, d time.Duration, hurt func() (relent func())) (p pairs) {
	p.calm = append(p.calm, m.over(d))
	for range n {
		relent := hurt()
		p.bad = append(p.bad, m.over(d))
		relent()
		pause(d / 5) // what is calm is not what comes after
		p.calm = append(p.calm, m.over(d))
	}
	pause(min(d, time.Second)) // what is late still comes
	return p
}

// p99 is the median of the windows' p99.
func p99(windows []*window) time.Duration {
	var list []time.Duration
	for _, w := range windows {
		list = append(list, w.quantile(0.99))
	}
	return median(list)
}

// ratio is the median of what each bad window is, as a multiple of the calm ones around it.
func (p pairs) ratio() float64 {
	var list []float64
	for i, w := range p.bad {
		around := float64(p.calm[i].quantile(0.99)+p.calm[i+1].quantile(0.99)) / 2
		list = append(list, float64(w.quantile(0.99))/max(around, 1))
	}
	return median(list)
}

// noise is the same of each calm window and the one before.
func (p pairs) noise() float64 {
	var list []float64
	for i, w := range p.calm[1:] {
		list = append(list, float64(w.quantile(0.99))/max(float64(p.calm[i].quantile(0.99)), 1))
	}
	return median(list)
}

func (p pairs) samples() (n int) {
	for _, w := range slices.Concat(p.calm, p.bad) {
		n += w.count()
	}
	return n
}

func median[T time.Duration | float64](list []T) T {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// quantile of times that were kept one by one.
func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[min(int(float64(len(list))*q), len(list)-1)]
}
