package main

import (
	"context"
	"time"
)

// lookTime is from one look at what came to the next.
const lookTime = 5 * time.Millisecond

// pace has do called by the schedule, until it says no or the time to be quiet has come: call n is due n
// steps after the first, and is told so, however late it is made.
func (m *meter) pace(ctx context.Context, quiet <-chan struct{}, perSecond float64, do func(n int, at time.Duration) bool) {
	first := m.now()
	for n := 0; ; n++ {
		at := first + time.Duration(float64(n)/perSecond*float64(time.Second))
		if !until(ctx, quiet, at-m.now()) || !do(n, at) {
			return
		}
	}
}

// until waits that long; false means that no more is to be said.
func until(ctx context.Context, quiet <-chan struct{}, d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-quiet:
			return false
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
	}
	select {
	case <-quiet: // both had come
		return false
	case <-ctx.Done():
		return false
	default:
		return true
	}
}

// settle waits until nobody who lives waits for an answer, and done says so too.
func settle(ctx context.Context, seats []*seat, done func() bool) {
	for !(done() && quietened(seats)) && living(seats) {
		if !until(ctx, nil, lookTime) {
			return
		}
	}
}

func quietened(seats []*seat) bool {
	for _, s := range seats {
		if s.waiting() > 0 {
			return false
		}
	}
	return true
}

// living says whether a client is left.
func living(seats []*seat) bool {
	for _, s := range seats {
		if s.Err() == nil {
			return true
		}
	}
	return false
}

// unanswered tells of all requests that are under way when ctx has ended.
func (m *meter) unanswered(ctx context.Context, what string, seats []*seat) {
	if ctx.Err() == nil {
		return
	}
	for _, s := range seats {
		for range s.waiting() {
			m.fail(what, context.Cause(ctx))
		}
	}
}
