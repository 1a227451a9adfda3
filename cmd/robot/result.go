package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// result is what one round has shown. The report is made of it, and of nothing else.
type result struct {
	options
	*meter

	seats       atomic.Pointer[[]*seat] // once all are in
	connected   int                     // of options.conns
	connecting  time.Duration
	measured    time.Duration // how long the window was open
	interrupted bool          // by the user

	// empty is the server without clients, before and after are the two ends of
	// the window.
	empty, before, after spent
	ownBefore, ownAfter  time.Duration // CPU time of the robot
}

func newResult(o options) *result { return &result{options: o, meter: newMeter(o)} }

// verdict is nil when everything was as it should be.
func (r *result) verdict() error {
	switch failed, missing := r.failed(), r.missing(); {
	case r.interrupted:
		return errors.New("interrupted")
	case missing > 0:
		return fmt.Errorf("%d of %d deliveries are missing; %s", missing, r.due.Load(), countErrors(failed))
	case failed > 0:
		return errors.New(countErrors(failed))
	}
	return nil
}

func countErrors(n int) string {
	if n == 1 {
		return "1 error"
	}
	return fmt.Sprintf("%d errors", n)
}

func (r *result) failed() (n int) {
	for _, f := range r.all() {
		n += f.count
	}
	return n
}

func (r *result) missing() int64 { return r.due.Load() - r.arrived.Load() }

// kinds are all series of which something is told.
func (r *result) kinds() (list []*series) {
	if r.scenario.unit != "" {
		list = append(list, r.main)
	}
	return append(list, r.others...)
}
