package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// playAll plays all rounds, each with a server of its own if the robot starts it.
func playAll(ctx context.Context, o options, stderr io.Writer) (all []*result, err error) {
	for n := 1; n <= o.rounds && ctx.Err() == nil; n++ {
		r, err := playOne(ctx, o, n, stderr)
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, errors.New("interrupted")
	}
	return all, nil
}

func playOne(ctx context.Context, o options, n int, stderr io.Writer) (*result, error) {
	s, err := startServer(ctx, o, stderr)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	r := newResult(o)
	defer r.show(stderr, n)()
	return r, r.play(ctx, s)
}

// play is one round: the clients come in, the scenario drives them, and what
// happened is the result.
func (r *result) play(ctx context.Context, s *server) error {
	script := r.scenario.make(r.options, r.meter)
	r.empty = s.spent()
	began := time.Now()
	var seats []*seat
	if !r.scenario.alone {
		seats = connect(ctx, r.options, script, r.meter)
		defer hangUp(seats, r.dial)
		if len(seats) == 0 && ctx.Err() == nil {
			return fmt.Errorf("no client came in: %s", r.worst())
		}
	}
	r.connected, r.connecting = len(seats), time.Since(began)
	r.seats.Store(&seats)
	if len(seats) > 0 || r.scenario.alone {
		r.measure(ctx, s, func(ctx context.Context, quiet <-chan struct{}) {
			script.drive(ctx, quiet, seats)
		})
	}
	r.lost(seats)
	r.interrupted = ctx.Err() != nil
	return nil
}

// measure lets drive run, and measures while it does: after -warm, for -dur or
// until drive has nothing left to do.
func (r *result) measure(ctx context.Context, s *server, drive func(context.Context, <-chan struct{})) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	quiet, driven := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(driven)
		drive(ctx, quiet)
	}()
	wait(r.warm, driven, ctx.Done())

	r.before, r.ownBefore = s.spent(), ownTime()
	began := time.Now()
	r.meter.window.Store(true)
	wait(r.dur, driven, ctx.Done())
	r.meter.window.Store(false)
	r.measured = time.Since(began)
	r.after, r.ownAfter = s.spent(), ownTime()
	if r.scenario.alone {
		r.connected = int(r.meter.here.Load())
	}

	close(quiet)
	late := time.AfterFunc(r.wait, func() { end(errLate) })
	defer late.Stop()
	<-driven
}

// lost tells of the clients that have ended before their time.
func (r *result) lost(seats []*seat) {
	for _, s := range seats {
		switch err := s.Err(); {
		case err == nil, errors.Is(err, net.ErrClosed):
		case s.extra:
			r.dropped.Add(1)
		default:
			r.meter.fail("lost", err)
		}
	}
}
