package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// meter is where scenarios tell what happened. Its methods are safe for
// concurrent use.
type meter struct {
	// latency is of what was done while the window was open.
	latency histogram
	window  atomic.Bool
	failures
	// due is how many deliveries there should have been over the whole run,
	// arrived how many there were; both zero where nothing is delivered.
	due, arrived atomic.Int64
}

// took tells that something was done, and how long it took.
func (m *meter) took(d time.Duration) {
	if m.window.Load() {
		m.latency.add(d)
	}
}

// fail tells of an error. One that says the user has stopped the robot is none.
func (m *meter) fail(what string, err error) {
	if !errors.Is(err, context.Canceled) {
		m.add(what, err)
	}
}

// errLate is why the context of drive ends when all that is left to do is wait.
var errLate = errors.New("no answer in time")

// ended is err, or errLate if that is what err means.
func ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return cause
	}
	return err
}
