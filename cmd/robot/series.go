package main

import (
	"runtime"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the longest time that is told apart from a longer one.
const longest = time.Hour

// series is how long things of one kind took. Its methods are safe for concurrent use.
type series struct {
	unit string // what they are
	// expect is how long there should be from one to the next; then what one that took longer has kept
	// from being measured is made up for. Zero makes up for nothing.
	expect time.Duration
	shards []shard
}

// shard is the part of a series that some clients record in, so that they do not wait for each other.
type shard struct {
	mu       sync.Mutex
	all      int64 // measured or not
	measured int64
	most     time.Duration
	hist     *hdrhistogram.Histogram
	_        [64]byte // of another's cache line
}

func newSeries(unit string, expect time.Duration) *series {
	s := &series{unit: unit, expect: expect, shards: make([]shard, runtime.GOMAXPROCS(0))}
	for i := range s.shards {
		s.shards[i].hist = newHistogram()
	}
	return s
}

// newHistogram tells times apart to three digits, from a nanosecond on.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longest), 3) }

// took tells that something of client n took that long; it is measured if so said.
func (s *series) took(n int, d time.Duration, measured bool) {
	d = min(max(d, 0), longest)
	one := &s.shards[n%len(s.shards)]
	one.mu.Lock()
	defer one.mu.Unlock()
	one.all++
	if !measured {
		return
	}
	one.measured++
	one.most = max(one.most, d)
	if s.expect > 0 {
		_ = one.hist.RecordCorrectedValue(int64(d), int64(s.expect)) // fails only above longest
		return
	}
	_ = one.hist.RecordValue(int64(d))
}

// seen is how many there were, measured or not.
func (s *series) seen() (n int64) {
	for i := range s.shards {
		one := &s.shards[i]
		one.mu.Lock()
		n += one.all
		one.mu.Unlock()
	}
	return n
}

// latency is what a series shows. With what is made up for, all but count is of that too.
type latency struct {
	count int64 // measured
	most  time.Duration
	hist  *hdrhistogram.Histogram
}

// shows sums up what was measured.
func (s *series) shows() latency {
	l := latency{hist: newHistogram()}
	for i := range s.shards {
		one := &s.shards[i]
		one.mu.Lock()
		l.count += one.measured
		l.most = max(l.most, one.most)
		l.hist.Merge(one.hist)
		one.mu.Unlock()
	}
	return l
}

func (l latency) mean() time.Duration { return time.Duration(l.hist.Mean()) }

// quantile is what the share q of all does not exceed, zero when there are none.
func (l latency) quantile(q float64) time.Duration {
	if l.count == 0 {
		return 0
	}
	return min(time.Duration(l.hist.ValueAtQuantile(100*q)), l.most)
}
