package admit

import (
	"math"
	"time"
)

// pace is a Rate as a token bucket. What a bucket holds is the time at which it
// will be full again: one number, right at any time without being touched.
type pace struct {
	interval time.Duration // for one client; zero means any speed
	slack    time.Duration // how far clients may be ahead of it
}

// longest keeps sums of times from overflowing.
const longest = math.MaxInt64 / 8

func (r Rate) pace() pace {
	if r.PerSecond <= 0 {
		return pace{}
	}
	burst := float64(r.Burst)
	if r.Burst <= 0 {
		burst = max(math.Ceil(r.PerSecond), 1)
	}
	one := math.Floor(min(max(float64(time.Second)/r.PerSecond, 1), longest))
	return pace{
		interval: time.Duration(one),
		slack:    time.Duration(min(one*(burst-1), longest)),
	}
}

// allows tells whether one client may come.
func (p pace) allows(bucket, at time.Duration) bool {
	return p.interval == 0 || bucket-at <= p.slack
}

// take is the bucket after one client has come.
func (p pace) take(bucket, at time.Duration) time.Duration {
	if p.interval == 0 {
		return bucket
	}
	return max(bucket, at) + p.interval
}
