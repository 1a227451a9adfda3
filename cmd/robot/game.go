package main

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
	"github.com/fairlead-go/fairlead/connectors/client"
)

// game is what players do, all of it at once: they move at a steady rate, chat now and then, and some of them
// leave and others come. A move is measured until it is answered; what others see of it may be gathered.
type game struct {
	*room
	joins  *series
	moving answered

	mu       sync.Mutex
	visitors []*member // who come and go
	going    sync.WaitGroup
}

func newGame(o options, m *meter) scenario {
	g := &game{room: newRoom(o, m, m.other("chats")), joins: m.other("joins")}
	g.moving = g.moved
	return g
}

func (g *game) enter(ctx context.Context, n int, cfg line.Config) (*seat, error) {
	if !oneOf(n, g.visit) {
		return g.seat(ctx, g.member(n), cfg)
	}
	m := g.visitor(n, "visitor-"+strconv.Itoa(n+1))
	at := g.meter.now()
	s, err := g.seat(ctx, m, cfg)
	if err != nil {
		return nil, err
	}
	g.meter.note(g.joins, n, at)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.visitors = append(g.visitors, m)
	return s, nil
}

func (g *game) drive(ctx context.Context, quiet <-chan struct{}, seats []*seat) {
	g.greet(ctx, quiet)
	var parts sync.WaitGroup
	parts.Go(func() { g.move(ctx, quiet) })
	parts.Go(func() { g.talk(ctx, quiet) })
	parts.Go(func() { g.come(ctx, quiet) })
	parts.Wait()
	g.going.Wait()
	g.settle(ctx, seats)
	for _, m := range g.visitors {
		m.Close()
	}
}

// move has the members move in turn.
func (g *game) move(ctx context.Context, quiet <-chan struct{}) {
	all := len(g.members)
	if g.options.move == "" || all == 0 {
		return
	}
	var body []byte
	dead := 0
	g.meter.pace(ctx, quiet, g.rate*float64(all), func(n int, at time.Duration) bool {
		m := g.members[n%all]
		if dead++; m.Err() == nil {
			dead = 0
			body = appendPlace(body[:0], m.n, n/all)
			if err := m.ask(at, g.options.move, body, g.moving); err != nil && m.Err() == nil {
				g.meter.fail("move", err)
			}
		}
		return dead < all
	})
}

// moved runs in a reader, which one does not matter.
func (g *game) moved(id uint64, at time.Duration, answer []byte) {
	if err := client.Failure(answer); err != nil {
		g.meter.fail("move", err)
		return
	}
	g.meter.took(int(id), at)
}

// talk has the members chat in turn.
func (g *game) talk(ctx context.Context, quiet <-chan struct{}) {
	all := len(g.members)
	if all == 0 {
		return
	}
	g.meter.pace(ctx, quiet, float64(all)/g.silence.Seconds(), func(n int, at time.Duration) bool {
		if m := g.members[n%all]; m.Err() == nil {
			g.say(m, n, at)
		}
		return true
	})
}

// come has the visitors leave in turn, and another come for each.
func (g *game) come(ctx context.Context, quiet <-chan struct{}) {
	all := len(g.visitors)
	if all == 0 {
		return
	}
	g.meter.pace(ctx, quiet, float64(all)/g.stay.Seconds(), func(n int, at time.Duration) bool {
		g.going.Go(func() { g.replace(ctx, n%all, at) })
		return true
	})
}

// replace has visitor i leave, and come in again as somebody else.
func (g *game) replace(ctx context.Context, i int, at time.Duration) {
	old := g.swap(i, nil)
	if old == nil {
		return // still on the way
	}
	old.Close()
	m := g.visitor(old.n, old.name)
	defer func() { g.swap(i, m) }()
	ctx, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	if _, err := g.seat(ctx, m, g.config(m.n)); err != nil {
		g.meter.fail("join", err)
		m = old // it has left, and is asked again
		return
	}
	g.meter.note(g.joins, m.n, at)
}

// swap puts m in the place of visitor i, who is returned.
func (g *game) swap(i int, m *member) (old *member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, g.visitors[i] = g.visitors[i], m
	return old
}

// place is where client n is after so many moves: on a field of 1,000 by 1,000.
func place(n, moves int) (x, y int) { return (n*37 + moves*7) % 1000, (n*61 + moves*3) % 1000 }

func appendPlace(dst []byte, n, moves int) []byte {
	x, y := place(n, moves)
	dst = strconv.AppendInt(append(dst, `{"x":`...), int64(x), 10)
	dst = strconv.AppendInt(append(dst, `,"y":`...), int64(y), 10)
	return append(dst, '}')
}
