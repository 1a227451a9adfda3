package main

import (
	"context"

	"github.com/fairlead-go/fairlead/connectors/client"
)

// idle does nothing but stay: a client's heartbeats are its own.
type idle struct{}

func newIdle(options, *meter) scenario { return idle{} }

func (idle) enter(ctx context.Context, cfg client.Config) (*client.Client, error) {
	return client.Dial(ctx, cfg)
}

func (idle) drive(ctx context.Context, quiet <-chan struct{}, _ []*client.Client) {
	select {
	case <-quiet:
	case <-ctx.Done():
	}
}
