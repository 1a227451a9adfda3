package actors

import (
	"fmt"
	"math"
	"time"
)

// Limits bound what a client, a route or a group can make the server hold. Package
// supervisor fills in the defaults that the fields name.
type Limits struct {
	// RequestTimeout is when an unanswered request is answered with code 504.
	// Zero means 10 s; negative never.
	RequestTimeout time.Duration
	// InFlight is how many requests of one client may be unanswered before the
	// next one is read. Zero means 32; at most 65,535.
	InFlight int
	// InFlightBytes bounds these in bytes: bodies, names of routes, attachments and arguments. Zero means 256 KiB.
	InFlightBytes int
	// Rate is how fast requests are read from one client; one that sends faster is
	// slowed down. Zero means any speed.
	Rate Rate
	// Pause is how long a client may not be read because none of its requests is
	// answered: then the oldest is answered with code 503. Zero means 30 s; negative never.
	Pause time.Duration
	// RouteQueue is how many requests may wait for one route, over all clients, before
	// more are answered with code 503. Zero means 65,536.
	RouteQueue int
	// GroupQueue is how many group pushes may wait for a batcher before more
	// are refused with ErrGroupBusy. Zero means 4,096.
	GroupQueue int

	// OutboxSoft is what may wait for one client, in bytes, before its lossy
	// pushes are dropped, the oldest first, and publishers are told. A message counts with what
	// it takes to keep it: a quarter more and 128 bytes, or 16 if it was pushed to many. Zero
	// means 64 KiB.
	OutboxSoft int
	// OutboxHard is what may wait for one client before it is closed as too
	// slow; a single message of any size always may. Zero means 256 KiB.
	OutboxHard int
	// OutboxAge is how long a message may wait, and how long a client may take
	// nothing of what is being written, before it is closed as too slow. Zero means
	// 5 s; negative for ever.
	OutboxAge time.Duration

	// JSONDepth is how deep JSON may nest that typed handlers read. Zero means 32.
	JSONDepth int
	// Memory is what the process may use, in bytes, by which the memory gate judges.
	// Zero means GOMEMLIMIT, if it is set, or what the process's control group is
	// given; with neither, and with a negative number, there is no gate.
	Memory int64
}

// Rate is an average, and what may come at once after a rest.
type Rate struct {
	// PerSecond is the average. Zero means any speed.
	PerSecond float64
	// Burst is how many may come at once. Zero means PerSecond, at least one.
	Burst int
}

// WithDefaults fills in what is zero. Times that are negative become zero, which from then
// on means never.
func (l Limits) WithDefaults() Limits {
	orTime(&l.RequestTimeout, 10*time.Second)
	orTime(&l.Pause, 30*time.Second)
	orTime(&l.OutboxAge, 5*time.Second)
	or(&l.InFlight, 32)
	or(&l.InFlightBytes, 256<<10)
	or(&l.RouteQueue, 65536)
	or(&l.GroupQueue, 4096)
	or(&l.OutboxHard, max(256<<10, l.OutboxSoft))
	or(&l.OutboxSoft, max(min(64<<10, l.OutboxHard/4), 1))
	or(&l.JSONDepth, 32)
	return l
}

// Check names the first field that cannot be what it is.
func (l Limits) Check() error {
	for _, f := range []struct {
		name      string
		value, to int
	}{
		{"InFlight", l.InFlight, math.MaxUint16},
		{"InFlightBytes", l.InFlightBytes, math.MaxInt32},
		{"RouteQueue", l.RouteQueue, math.MaxInt32},
		{"GroupQueue", l.GroupQueue, math.MaxInt32},
		{"OutboxHard", l.OutboxHard, math.MaxInt32},
		{"OutboxSoft", l.OutboxSoft, l.OutboxHard},
		{"JSONDepth", l.JSONDepth, 10_000},
	} {
		if f.value < 1 || f.value > f.to {
			return fmt.Errorf("Limits.%s is %d: want 1 to %d, or 0 for the default", f.name, f.value, f.to)
		}
	}
	if l.Rate.PerSecond < 0 || l.Rate.Burst < 0 {
		return fmt.Errorf("Limits.Rate is %v: want no negative numbers", l.Rate)
	}
	return nil
}

// orTime makes zero the default, and what is negative zero.
func orTime(d *time.Duration, zero time.Duration) {
	or(d, zero)
	*d = max(*d, 0)
}

func or[T int | time.Duration](v *T, zero T) {
	if *v == 0 {
		*v = zero
	}
}
