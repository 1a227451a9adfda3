package main

import (
	"context"
	"errors"
	"time"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
)

var errTwice = errors.New("the same push came twice")

// broadcast has one client chat at a steady rate, and counts that each chat comes
// to each client that joined, once.
type broadcast struct{ *room }

func newBroadcast(o options, m *meter) scenario { return broadcast{newRoom(o, m, m.main)} }

func (b broadcast) enter(ctx context.Context, n int, cfg line.Config) (*seat, error) {
	return b.seat(ctx, b.member(n), cfg)
}

func (b broadcast) drive(ctx context.Context, quiet <-chan struct{}, seats []*seat) {
	b.greet(ctx, quiet)
	b.chatter(ctx, quiet, b.rate)
	b.settle(ctx, seats)
}

// chatter has the first client chat at that rate.
func (l *room) chatter(ctx context.Context, quiet <-chan struct{}, perSecond float64) {
	speaker := l.members[0]
	l.meter.pace(ctx, quiet, perSecond, func(n int, at time.Duration) bool {
		if speaker.Err() != nil {
			return false
		}
		l.say(speaker, n, at)
		return true
	})
}

// settle waits for what is on its way.
func (l *room) settle(ctx context.Context, seats []*seat) {
	settle(ctx, seats, func() bool { return l.meter.arrived.Load() >= l.meter.due.Load() })
	l.meter.unanswered(ctx, "chat", seats)
}
