package main

import (
	"context"
	"sync"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
)

// storm has clients come and go without end: what does one more cost? Each is measured from the first packet
// until it is in. The last -conns of them stay, and each that comes then has the oldest one leave.
type storm struct {
	idle
	options
	meter *meter

	mu    sync.Mutex // of those who are in
	in    []*seat    // a ring
	count int        // all who have come in
}

func newStorm(o options, m *meter) scenario {
	return &storm{options: o, meter: m, in: make([]*seat, o.conns)}
}

func (s *storm) enter(ctx context.Context, n int, cfg line.Config) (*seat, error) {
	return s.idle.enter(ctx, n, cfg)
}

func (s *storm) drive(ctx context.Context, quiet <-chan struct{}, _ []*seat) {
	var dialers sync.WaitGroup
	for i := range s.dial {
		dialers.Go(func() {
			for n := i; until(ctx, quiet, 0); n += s.dial {
				s.one(ctx, n)
			}
		})
	}
	dialers.Wait()
	for _, old := range s.in {
		s.leave(old)
	}
}

// one has client n come in, and perhaps another leave.
func (s *storm) one(ctx context.Context, n int) {
	at := s.meter.now()
	c, err := enterOne(ctx, s.options, s, n)
	if err != nil {
		s.meter.fail("connect", err)
		wait(10*lookTime, nil, ctx.Done()) // a server that refuses at once need not be asked at once again
		return
	}
	s.meter.took(n, at)
	s.meter.here.Add(1)
	s.leave(s.swap(c))
}

// swap puts c in the place of the oldest, who is returned.
func (s *storm) swap(c *seat) (old *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.count % len(s.in)
	s.count++
	old, s.in[at] = s.in[at], c
	return old
}

func (s *storm) leave(old *seat) {
	if old == nil {
		return
	}
	if err := old.Err(); err != nil {
		s.meter.fail("lost", err)
	}
	old.Close()
	s.meter.here.Add(-1)
}
