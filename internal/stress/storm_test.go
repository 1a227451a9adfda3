//go:build linux

package stress_test

import (
	"fmt"
	"io"
	"net"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// storm is clients that make handlers panic. Those who are thrown out come back.
type storm struct {
	t       *testing.T
	addr    string
	asked   atomic.Int64
	visits  atomic.Int64
	refused atomic.Int64 // could not come in
	no      atomic.Int64
}

// offence is how many panics a client may cause.
const offence = 5

// blow has them cause that many panics a second, until stop is called.
func (s *storm) blow(rate float64) (stop func()) {
	b := []byte(hello + ack)
	for id := range uint32(offence) {
		b = appendRequest(b, id+1, "game.panic", nil)
	}
	quit := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		pace(rate/offence, quit, func(time.Time) { all.Go(func() { s.visit(b) }) })
	})
	return func() { close(quit); all.Wait() }
}

// nag has a few clients, who may stay, cause that many panics a second, until stop is called.
func (s *storm) nag(rate float64) (stop func()) {
	var conns []net.Conn
	var all sync.WaitGroup
	for i := range 20 {
		c, err := way{no: 20_000 + i}.open(s.addr)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := c.Write([]byte(hello + ack)); err != nil {
			s.t.Fatal(err)
		}
		all.Go(func() { _, _ = io.Copy(io.Discard, c) })
		conns = append(conns, c)
	}
	quit := make(chan struct{})
	all.Go(func() {
		pace(rate, quit, func(time.Time) {
			n := s.asked.Add(1)
			if _, err := conns[int(n)%len(conns)].Write(appendRequest(nil, uint32(n), "game.panic", nil)); err != nil {
				s.refused.Add(1)
			}
		})
	})
	return func() {
		close(quit)
		for _, c := range conns {
			c.Close()
		}
		all.Wait()
	}
}

// visit is one client's stay.
func (s *storm) visit(b []byte) {
	c, err := way{no: 20_000 + int(s.no.Add(1)%20_000)}.open(s.addr)
	if err == nil {
		_ = c.SetDeadline(time.Now().Add(dialTime))
		_, err = c.Write(b)
	}
	if err != nil {
		s.refused.Add(1)
		return
	}
	defer c.Close()
	s.asked.Add(offence)
	s.visits.Add(1)
	_, _ = io.Copy(io.Discard, c) // until it is thrown out
}

// Panics of handlers cost who causes them, and nobody else.
func TestPanicStorm(t *testing.T) {
	t.Run("of clients who may stay", func(t *testing.T) {
		set := setup{}
		set.Faults.Panics.Most = -1
		c := start(t, set)
		s := &storm{t: t, addr: c.addr}
		p := s.rage(c, s.nag)
		expectRatio(t, p, 1.25)
	})
	t.Run("of clients who are thrown out and come back", func(t *testing.T) {
		c := start(t, setup{})
		s := &storm{t: t, addr: c.addr}
		s.rage(c, s.blow)
		if thrown := c.stats().Closed["offending"]; int64(thrown) != s.visits.Load() {
			t.Errorf("%d clients were thrown out, of %d", thrown, s.visits.Load())
		}
	})
}

// rage measures what a storm does to others.
func (s *storm) rage(c *child, storm func(rate float64) (stop func())) pairs {
	t := s.t
	n, rate := size(50, 200, 500), size(500.0, 1000, 10_000)
	span := size(200*time.Millisecond, 500*time.Millisecond, 6*time.Second)
	w := gather(t, c, n)
	stop := w.load(float64(n) * 2)
	defer stop()
	pause(span)
	lines, begin := c.lines.Load(), time.Now()
	p := w.answer.measure(size(1, 3, 5), span, func() func() { return storm(rate) })
	stop()
	w.quiet()
	lines = c.lines.Load() - lines
	w.expectNoHarm()
	if got := w.refused.Load() + s.refused.Load(); got > 0 {
		t.Errorf("%d requests of others, or visits, were refused", got)
	}
	c.left(5*time.Second, n)
	if most := int64(20*time.Since(begin).Seconds()) + 20; lines > most {
		t.Errorf("the server logged %d lines, want at most %d", lines, most)
	}
	blown := (span * time.Duration(len(p.bad))).Seconds()
	report(t, fmt.Sprintf("panic storm of %v, %s, healthy clients", span*time.Duration(len(p.bad)), path.Base(t.Name())),
		fmt.Sprintf("%.0f panics/s, %d visits, %d lines logged; %s", float64(s.asked.Load())/blown, s.visits.Load(), lines, p.describe()))
	return p
}
