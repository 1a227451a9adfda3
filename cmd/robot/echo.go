package main

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
	"github.com/fairlead-go/fairlead/connectors/client"
)

var errOtherAnswer = errors.New("the answer is not an echo")

// echo asks and gets its questions back: in a closed loop, where a client that has got an answer asks again,
// or by a schedule.
type echo struct {
	options
	meter  *meter
	silent atomic.Bool // no more is to be asked

	mu     sync.Mutex // many enter at once
	askers []*asker
}

func newEcho(o options, m *meter) scenario { return &echo{options: o, meter: m} }

// asker is a client that asks.
type asker struct {
	seat
	of   *echo
	mu   sync.Mutex // of what makes bodies: the first ones are not made by the reader
	says contents
	want contents // the reader's
	then answered // answered, bound once
}

func (e *echo) enter(ctx context.Context, n int, cfg line.Config) (*seat, error) {
	name := strconv.Itoa(n)
	a := &asker{of: e, says: contents{name: name, size: e.size}, want: contents{name: name, size: e.size}}
	a.n, a.then = n, a.answered
	if err := a.sit(ctx, cfg); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.askers = append(e.askers, a)
	return &a.seat, nil
}

func (e *echo) drive(ctx context.Context, quiet <-chan struct{}, seats []*seat) {
	if e.rate > 0 {
		e.open(ctx, quiet)
	} else {
		e.closed(ctx, quiet, seats)
	}
	e.silent.Store(true)
	settle(ctx, seats, func() bool { return true })
	e.meter.unanswered(ctx, "request", seats)
}

// closed sets the loop going: then the answers keep it so.
func (e *echo) closed(ctx context.Context, quiet <-chan struct{}, seats []*seat) {
	for _, a := range e.askers {
		for range e.depth {
			a.once(e.meter.now())
		}
	}
	for living(seats) && until(ctx, quiet, 10*lookTime) {
	}
}

// open asks by the schedule, the clients in turn.
func (e *echo) open(ctx context.Context, quiet <-chan struct{}) {
	all := len(e.askers)
	dead := 0
	e.meter.pace(ctx, quiet, e.rate*float64(all), func(n int, at time.Duration) bool {
		a := e.askers[n%all]
		if a.Err() != nil {
			dead++
			return dead < all
		}
		dead = 0
		a.once(at)
		return true
	})
}

// once asks, something that was not asked before.
func (a *asker) once(at time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, err := a.begin(at, a.then)
	if err == nil {
		err = a.send(id, a.of.options.echo, a.says.body(id))
	}
	if err != nil && a.Err() == nil { // a client that is lost counts once, at the end
		a.of.meter.fail("request", err)
	}
}

// answered runs in the client's reader.
func (a *asker) answered(id uint64, at time.Duration, answer []byte) {
	switch {
	case bytes.Contains(answer, a.want.content(id)):
		a.of.meter.took(a.n, at)
	case client.Failure(answer) != nil:
		a.of.meter.fail("request", client.Failure(answer))
	default:
		a.of.meter.fail("request", errOtherAnswer)
	}
	if a.of.rate == 0 && !a.of.silent.Load() {
		a.once(a.of.meter.now())
	}
}
