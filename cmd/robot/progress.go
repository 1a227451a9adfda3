package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// show writes a line every -progress, until the round is over and stop is called: how many clients are there,
// what they do, and what went wrong.
func (r *result) show(stderr io.Writer, round int) (stop func()) {
	if r.progress == 0 {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	ticks := time.NewTicker(r.progress)
	go func() {
		defer close(ended)
		p := progress{result: r, round: round}
		for {
			select {
			case <-ticks.C:
				fmt.Fprintln(stderr, p.line())
			case <-end:
				return
			}
		}
	}()
	return func() {
		ticks.Stop()
		close(end)
		<-ended
	}
}

// progress remembers what the last line said.
type progress struct {
	*result
	round int
	at    time.Duration
	seen  int64
}

func (p *progress) line() string {
	now, seen := p.now(), p.main.seen()
	perSecond := float64(seen-p.seen) / max((now-p.at).Seconds(), 1e-9)
	p.at, p.seen = now, seen
	s := fmt.Sprintf("%5.0fs", now.Seconds())
	if p.rounds > 1 {
		s += fmt.Sprintf("  round %d of %d", p.round, p.rounds)
	}
	s += fmt.Sprintf("  %d clients", p.living())
	if p.scenario.unit != "" {
		s += fmt.Sprintf("  %.0f %s/s", perSecond, p.scenario.unit)
	}
	return s + fmt.Sprintf("  errors %s", p.errors())
}

// living is how many clients are there.
func (p *progress) living() (n int64) {
	n = p.here.Load()
	if seats := p.seats.Load(); seats != nil {
		for _, s := range *seats {
			if err := s.Err(); err != nil && !errors.Is(err, net.ErrClosed) { // else another is in its place
				n--
			}
		}
	}
	return n
}
