package main

import (
	"testing"
	"testing/synctest"
	"time"
)

// halted is a server that answers at once, but for the first 100 ms, in which it only listens.
type halted struct {
	asked chan uint64
	ended chan struct{}
}

func (h *halted) Request(id uint64, _ string, _ []byte) error { h.asked <- id; return nil }
func (h *halted) Notify(string, []byte) error                 { return nil }
func (h *halted) Err() error                                  { return nil }
func (h *halted) Close()                                      { close(h.asked); <-h.ended }

// serve runs in the bubble of its test.
func (h *halted) serve(a *asker) {
	defer close(h.ended)
	time.Sleep(100 * time.Millisecond)
	var says contents
	for id := range h.asked {
		a.Answer(id, says.body(id))
	}
}

// stalled plays 200 ms of an echo against a server that halts for the first 100 of them.
func stalled(t *testing.T, o options) (l latency) {
	synctest.Test(t, func(t *testing.T) {
		o.scenario, _ = scenarioNamed("echo")
		m := newMeter(o)
		e := newEcho(o, m).(*echo)
		h := &halted{make(chan uint64, 1000), make(chan struct{})}
		a := &asker{of: e}
		a.Line, a.then = h, a.answered
		e.askers = []*asker{a}
		go h.serve(a)
		quiet := make(chan struct{})
		time.AfterFunc(200*time.Millisecond-1, func() { close(quiet) })
		m.window.Store(true)
		e.drive(t.Context(), quiet, []*seat{&a.seat})
		h.Close()
		l = m.main.shows()
	})
	return l
}

// A request a 10 ms: ten of them are due while nobody answers, and have waited for 100, 90, … 10 ms.
func TestWhatIsDueWhileTheServerHaltsHasWaited(t *testing.T) {
	l := stalled(t, options{rate: 100})
	if l.count != 20 || l.most != 100*time.Millisecond {
		t.Errorf("%d answers, the longest after %v, want 20 and 100ms", l.count, l.most)
	}
	for i := range 10 {
		want := time.Duration(10*(i+1)) * time.Millisecond
		if got := l.quantile(float64(i+11) / 20).Round(time.Millisecond); got != want {
			t.Errorf("p%d is %v, want %v", 5*(i+11), got, want)
		}
	}
	if got := l.quantile(.5); got != 0 {
		t.Errorf("p50 is %v, want 0s", got)
	}
}
