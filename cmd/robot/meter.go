package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// meter is where scenarios tell what happened in one round. Its methods are safe for concurrent use.
type meter struct {
	began time.Time
	// main is what the scenario is about, and the rest what happens besides.
	main   *series
	others []*series
	window atomic.Bool // open: what is told is measured
	failures
	// due is how many deliveries there should have been over the whole round,
	// arrived how many there were; both zero where nothing is delivered.
	due, arrived atomic.Int64
	// here is how many clients have come in.
	here atomic.Int64
	// dropped is how many clients the server has let go that were owed nothing.
	dropped atomic.Int64
}

func newMeter(o options) *meter {
	return &meter{began: time.Now(), main: newSeries(o.scenario.unit, o.expect)}
}

// other is a series of what happens besides.
func (m *meter) other(unit string) *series {
	s := newSeries(unit, 0)
	m.others = append(m.others, s)
	return s
}

// now is the time since the round began: the wall clock may jump.
func (m *meter) now() time.Duration { return time.Since(m.began) }

// took tells that something of client n that was to begin at that time is done.
func (m *meter) took(n int, at time.Duration) { m.note(m.main, n, at) }

// note is took for one of the series.
func (m *meter) note(s *series, n int, at time.Duration) { s.took(n, m.now()-at, m.window.Load()) }

// fail tells of an error. One that says the user has stopped the robot is none.
func (m *meter) fail(what string, err error) {
	if !errors.Is(err, context.Canceled) {
		m.add(what, err)
	}
}

// errLate is why the context of drive ends when all that is left to do is wait.
var errLate = errors.New("no answer in time")
