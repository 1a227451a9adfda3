package main

import (
	"context"
	"net"
	"strconv"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
)

// slow is a broadcast to clients of whom some read slowly: what does that cost the good ones?
type slow struct {
	*room
	late *series
	end  chan struct{} // closed when the slow ones need not be slow any more
}

func newSlow(o options, m *meter) scenario {
	return &slow{newRoom(o, m, m.main), m.other("to slow"), make(chan struct{})}
}

// slowBuffer is what the kernel keeps for a slow client: little, so that the server feels that it is slow.
const slowBuffer = 4 << 10

func (s *slow) enter(ctx context.Context, n int, cfg line.Config) (*seat, error) {
	if !oneOf(n, s.slow) {
		return s.seat(ctx, s.member(n), cfg)
	}
	m := s.visitor(n, "slow-"+strconv.Itoa(n+1))
	m.push = func(body []byte) { s.read(m, body) }
	cfg.NetDial = narrow(cfg.NetDial)
	return s.seat(ctx, m, cfg)
}

// read takes its time. It runs in m's reader, which reads nothing more meanwhile.
func (s *slow) read(m *member, body []byte) {
	if _, at, ok := s.mark.find(body); ok {
		s.meter.note(s.late, m.n, at)
	}
	wait(s.pause, s.end, nil)
}

func (s *slow) drive(ctx context.Context, quiet <-chan struct{}, seats []*seat) {
	s.greet(ctx, quiet)
	s.chatter(ctx, quiet, s.rate)
	s.settle(ctx, seats)
	close(s.end)
}

// oneOf tells whether client n is of such a part of all. The first is not, while the part is not all.
func oneOf(n int, part float64) bool {
	return int(float64(n+1)*part) > int(float64(n)*part)
}

type netDial = func(ctx context.Context, network, addr string) (net.Conn, error)

// narrow makes connections that take in little before they are read.
func narrow(dial netDial) netDial {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if b, ok := c.(interface{ SetReadBuffer(bytes int) error }); ok && err == nil {
			err = b.SetReadBuffer(slowBuffer)
		}
		return c, err
	}
}
