package main

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
)

// connect brings the clients in, -dial at a time. Those that fail are told to
// the meter.
func connect(ctx context.Context, o options, s scenario, m *meter) []*seat {
	var (
		mu    sync.Mutex // of seats
		seats []*seat
	)
	atOnce(o.dial, o.conns, func(i int) {
		if ctx.Err() != nil {
			return
		}
		one, err := enterOne(ctx, o, s, i)
		if err != nil {
			m.fail("connect", err)
			return
		}
		m.here.Add(1)
		mu.Lock()
		defer mu.Unlock()
		seats = append(seats, one)
	})
	return seats
}

func enterOne(ctx context.Context, o options, s scenario, i int) (*seat, error) {
	ctx, cancel := context.WithTimeout(ctx, o.wait)
	defer cancel()
	return s.enter(ctx, i, o.config(i))
}

// hangUp closes the clients.
func hangUp(seats []*seat, atATime int) {
	atOnce(atATime, len(seats), func(i int) { seats[i].Close() })
}

// atOnce calls do with each number below n, on some goroutines.
func atOnce(goroutines, n int, do func(i int)) {
	numbers := make(chan int)
	var all sync.WaitGroup
	for range min(goroutines, n) {
		all.Go(func() {
			for i := range numbers {
				do(i)
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	all.Wait()
}

// config says how client i connects.
func (o options) config(i int) line.Config {
	cfg := line.Config{Addr: o.addrs[i%len(o.addrs)], User: o.user}
	if o.insecure {
		cfg.TLS = &tls.Config{InsecureSkipVerify: true}
	}
	if from := o.source(cfg.Addr, i); from != nil {
		cfg.NetDial = (&net.Dialer{LocalAddr: from}).DialContext
	}
	return cfg
}

// wait waits that long, and less when one of the channels is closed first.
func wait(d time.Duration, a, b <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a:
	case <-b:
	}
}
