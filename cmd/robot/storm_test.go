package main

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// The last two stay, whoever comes; those who are kept out are errors.
func TestAStormHasTheOldestLeave(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var came atomic.Int64
	addr := serve(t, lobby{handshake: func(context.Context, *connectors.Hello) (any, error) {
		switch came.Add(1) {
		case 5:
			return nil, messages.NewError(403, "no")
		case 20:
			stop()
		}
		return nil, nil
	}})
	o, err := parse([]string{"-scenario", "storm", "-conns", "2", "-dial", "1", "-warm", "0", "-dur", "1h", "-addr", "tcp://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	r := newResult(o)
	if err := r.play(ctx, &server{}); err != nil {
		t.Fatal(err)
	}
	if n := r.main.seen(); n < 18 || n >= came.Load() || r.failed() != 1 || r.here.Load() != 0 {
		t.Errorf("%d came, %d are measured, %d did not come in, %d are here", came.Load(), n, r.failed(), r.here.Load())
	}
}

// Slow clients that a server lets go are no error, and owed nothing; good ones are.
func TestSlowClientsMayBeLetGo(t *testing.T) {
	var slow []*actor.PID // the route's actor's
	addr := serve(t, lobby{
		join: func(c *actors.Context, body []byte) ([]byte, error) {
			if bytes.Contains(body, []byte("slow-")) {
				slow = append(slow, c.Socket())
			}
			return joins(c, body)
		},
		chat: func(c *actors.Context, body []byte) ([]byte, error) {
			for _, pid := range slow {
				c.Send(pid, &messages.Kick{Reason: "too slow"})
			}
			slow = nil
			return chats(c, body)
		},
	})
	report, err := robot(t, t.Context(), "-scenario", "slow", "-slow", "0.5", "-pause", "1h", "-addr", "tcp://"+addr)
	if err != nil || !strings.Contains(report, "100 %") || !strings.Contains(report, "let go     2 that were owed nothing") {
		t.Errorf("run: %v\n%s", err, report)
	}
}

func TestParts(t *testing.T) {
	for part, want := range map[float64]string{0: "......", .1: "......", .5: ".x.x.x", .34: "..x..x", .99: ".xxxxx"} {
		got := ""
		for n := range 6 {
			if oneOf(n, part) {
				got += "x"
			} else {
				got += "."
			}
		}
		if got != want {
			t.Errorf("%v of all: %s, want %s", part, got, want)
		}
	}
}

// A game goes on without those whom the server refuses when they come back.
func TestVisitorsWhoAreRefusedAreErrors(t *testing.T) {
	var joined atomic.Int64
	addr := serve(t, lobby{join: func(c *actors.Context, body []byte) ([]byte, error) {
		if joined.Add(1) > 4 {
			return fails(c, body)
		}
		return joins(c, body)
	}})
	report, err := robot(t, t.Context(), "-scenario", "game", "-visit", "0.5", "-stay", "20ms", "-rate", "100", "-dur", "200ms", "-addr", "tcp://"+addr)
	if err == nil || !strings.HasSuffix(err.Error(), " errors") || !strings.Contains(report, "join: code 418: a teapot") || !strings.Contains(report, "100 %") {
		t.Errorf("run: %v\n%s", err, report)
	}
}

func TestMovesThatAreRefusedAreErrors(t *testing.T) {
	addr := serve(t, lobby{move: fails})
	report, err := robot(t, t.Context(), "-scenario", "game", "-rate", "100", "-addr", "tcp://"+addr)
	if err == nil || !strings.Contains(report, "move: code 418: a teapot") {
		t.Errorf("run: %v\n%s", err, report)
	}
	if report, err := robot(t, t.Context(), "-scenario", "game", "-move", "", "-silence", "20ms", "-addr", "tcp://"+addr); err != nil || !strings.Contains(report, "100 %") {
		t.Errorf("nobody moves: %v\n%s", err, report)
	}
}
