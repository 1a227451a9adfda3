package main

import (
	"context"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
)

// idle does nothing but stay: a client's heartbeats are its own.
type idle struct{}

func newIdle(options, *meter) scenario { return idle{} }

func (idle) enter(ctx context.Context, n int, cfg line.Config) (*seat, error) {
	s := &seat{n: n}
	if err := s.sit(ctx, cfg); err != nil {
		return nil, err
	}
	return s, nil
}

func (idle) drive(ctx context.Context, quiet <-chan struct{}, _ []*seat) {
	select {
	case <-quiet:
	case <-ctx.Done():
	}
}
