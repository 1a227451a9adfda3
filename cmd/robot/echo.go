package main

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
)

var errOtherAnswer = errors.New("the answer is not an echo")

// echo is a closed loop: a client that has got an answer asks again.
type echo struct {
	route       string
	depth, size int
	meter       *meter
}

func newEcho(o options, m *meter) scenario {
	return &echo{route: o.echo, depth: o.depth, size: o.size, meter: m}
}

func (e *echo) enter(ctx context.Context, cfg client.Config) (*client.Client, error) {
	return client.Dial(ctx, cfg)
}

func (e *echo) drive(ctx context.Context, quiet <-chan struct{}, clients []*client.Client) {
	var lanes sync.WaitGroup
	for i, c := range clients {
		for lane := range e.depth {
			lanes.Go(func() {
				e.loop(ctx, quiet, &asker{c, strconv.Itoa(i) + "." + strconv.Itoa(lane), 0})
			})
		}
	}
	lanes.Wait()
}

// asker is one request in flight of one client, again and again.
type asker struct {
	client *client.Client
	name   string
	asked  int
}

func (e *echo) loop(ctx context.Context, quiet <-chan struct{}, a *asker) {
	for {
		select {
		case <-quiet:
			return
		case <-ctx.Done():
			return
		default:
		}
		if !e.ask(ctx, a) {
			return
		}
	}
}

// ask asks once, something that was not asked before. It returns false when there
// is no use in asking again.
func (e *echo) ask(ctx context.Context, a *asker) bool {
	a.asked++
	content := fill(a.name+"."+strconv.Itoa(a.asked)+";", e.size)
	began := time.Now()
	answer, err := a.client.Request(ctx, e.route, contentBody(content))
	took := time.Since(began)
	switch {
	case err != nil:
		if a.client.Err() == nil { // a client that is lost counts once, at the end
			e.meter.fail("request", ended(ctx, err))
		}
		return false
	case bytes.Contains(answer, content):
		e.meter.took(took)
	case client.Failure(answer) != nil:
		e.meter.fail("request", client.Failure(answer))
	default:
		e.meter.fail("request", errOtherAnswer)
	}
	return true
}
