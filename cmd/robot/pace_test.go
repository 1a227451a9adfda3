package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Each call knows when it was due, though one before has taken long.
func TestASchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeter(options{})
		quiet := make(chan struct{})
		time.AfterFunc(55*time.Millisecond, func() { close(quiet) })
		var due, made []time.Duration
		m.pace(t.Context(), quiet, 100, func(n int, at time.Duration) bool {
			if n != len(due) {
				t.Errorf("call %d after %d", n, len(due))
			}
			due, made = append(due, at), append(made, m.now())
			if n == 1 {
				time.Sleep(25 * time.Millisecond)
			}
			return true
		})
		want := []time.Duration{0, 10, 35, 35, 40, 50}
		if len(made) != len(want) {
			t.Fatalf("made at %v", made)
		}
		for i, at := range made {
			if at != want[i]*time.Millisecond || due[i] != time.Duration(i)*10*time.Millisecond {
				t.Errorf("call %d, due at %v, was made at %v, want %v ms", i, due[i], at, int(want[i]))
			}
		}
	})
}

func TestAScheduleEnds(t *testing.T) {
	m := newMeter(options{})
	n := 0
	m.pace(t.Context(), nil, 1e6, func(int, time.Duration) bool { n++; return n < 7 })
	ctx, stop := context.WithCancel(t.Context())
	stop()
	m.pace(ctx, nil, 1e6, func(int, time.Duration) bool { n++; return true })
	if n != 7 {
		t.Errorf("%d calls, want 7", n)
	}
}
