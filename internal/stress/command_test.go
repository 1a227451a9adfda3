//go:build linux

package stress_test

import (
	"context"
	"fmt"
	"time"
)

// command is what a test wants of its server.
type command struct {
	Do    string
	Kind  string   `json:",omitempty"` // of actors, as part of their names
	N     int      `json:",omitempty"`
	Rate  float64  `json:",omitempty"` // a second
	Size  int      `json:",omitempty"` // bytes
	Addrs []string `json:",omitempty"` // of clients
	Time  time.Duration
}

// answer is what came of it.
type answer struct {
	Error  string          `json:",omitempty"`
	Addr   string          `json:",omitempty"`
	N      int             `json:",omitempty"`
	Took   []time.Duration `json:",omitempty"`
	Closed []time.Duration `json:",omitempty"`
	Stats  *stats          `json:",omitempty"`
}

func (s *server) do(c command) (a answer, err error) {
	switch c.Do {
	case "stats":
		a.Stats = s.stats()
	case "gc":
		a.Stats = s.collected()
	case "push":
		s.beat.start(c.Rate, c.N, c.Size)
	case "hush":
		a.N = s.beat.stop()
	case "kill":
		a.N = s.kill(c.Kind)
	case "kick":
		a.Took, a.Closed, err = s.kick(c.Addrs)
	case "eat":
		a.N, err = s.eat(c.N)
	case "relieve":
		err = s.relieve()
	case "deafen":
		err = s.deafen()
	case "drain":
		ctx, cancel := context.WithTimeout(context.Background(), c.Time)
		defer cancel()
		begin := time.Now()
		_, err = s.fl.Drain(ctx)
		a.Took = []time.Duration{time.Since(begin)}
	default:
		err = fmt.Errorf("unknown command %q", c.Do)
	}
	return a, err
}
