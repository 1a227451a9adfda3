package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
)

// play is one run: the clients come in, the scenario drives them, and what
// happened is the result.
func play(ctx context.Context, o options, s *server) (*result, error) {
	m := &meter{}
	script := o.scenario.make(o, m)
	r := &result{options: o, meter: m}
	r.empty = s.spent()
	began := time.Now()
	clients := connect(ctx, o, script, m)
	defer hangUp(clients, o.dial)
	r.connected, r.connecting = len(clients), time.Since(began)
	if len(clients) == 0 && ctx.Err() == nil {
		return nil, fmt.Errorf("no client came in: %s", m.worst())
	}
	if len(clients) > 0 {
		r.measure(ctx, s, func(ctx context.Context, quiet <-chan struct{}) {
			script.drive(ctx, quiet, clients)
		})
	}
	lost(clients, m)
	r.interrupted = ctx.Err() != nil
	return r, nil
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

	r.before = s.spent()
	began := time.Now()
	r.meter.window.Store(true)
	wait(r.dur, driven, ctx.Done())
	r.meter.window.Store(false)
	r.measured = time.Since(began)
	r.after = s.spent()

	close(quiet)
	late := time.AfterFunc(r.wait, func() { end(errLate) })
	defer late.Stop()
	<-driven
}

// lost tells of the clients that have ended before their time.
func lost(clients []*client.Client, m *meter) {
	for _, c := range clients {
		if err := c.Err(); err != nil {
			m.fail("lost", err)
		}
	}
}
