package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

func TestEveryScenarioIsPlayedOverEveryWire(t *testing.T) {
	addr := serve(t, lobby{})
	wires := map[string]string{
		"TCP":              "tcp://" + addr,
		"WebSocket":        "ws://" + addr + "/",
		"socket.io":        "sio://" + addr,
		"UDP":              "udp://" + addr,
		"MQTT":             "mqtt://" + addr,
		"all, in turn":     "tcp://" + addr + ",ws://" + addr + ",sio://" + addr + "/socket.io/,udp://" + addr + ",mqtt://" + addr,
		"host by its name": strings.Replace("ws://"+addr, "127.0.0.1", "localhost", 1),
	}
	scenarios := map[string]struct {
		args []string
		says []string
	}{
		"echo":                    {[]string{"-scenario", "echo"}, []string{"4 of 4", "none", "answers"}},
		"echo, several a client":  {[]string{"-depth", "8", "-size", "1000"}, []string{"4 of 4", "none"}},
		"echo of next to nothing": {[]string{"-size", "0"}, []string{"4 of 4", "none"}},
		"idle":                    {[]string{"-scenario", "idle"}, []string{"4 of 4", "none"}},
		"broadcast":               {[]string{"-scenario", "broadcast", "-rate", "200"}, []string{"4 of 4", "none", "100 %", "deliveries"}},
		"echo by a schedule":      {[]string{"-rate", "100"}, []string{"4 of 4", "none", "answers"}},
		"storm":                   {[]string{"-scenario", "storm", "-dial", "2"}, []string{"none", "connections"}},
		"slow readers":            {[]string{"-scenario", "slow", "-slow", "0.5", "-rate", "100", "-pause", "5ms"}, []string{"4 of 4", "none", "100 %", "to slow"}},
		"game":                    {[]string{"-scenario", "game", "-rate", "50", "-silence", "50ms", "-stay", "20ms", "-visit", "0.3"}, []string{"4 of 4", "none", "100 %", "moves", "chats", "joins"}},
		"broadcast by notify":     {[]string{"-scenario", "broadcast", "-chat-notify"}, []string{"none", "100 %"}},
	}
	for name, s := range scenarios {
		for wire, to := range wires {
			t.Run(name+" over "+wire, func(t *testing.T) {
				report, err := robot(t, t.Context(), append(s.args, "-addr", to)...)
				if err != nil {
					t.Errorf("run: %v", err)
				}
				for _, want := range s.says {
					if !strings.Contains(report, want) {
						t.Errorf("the report does not say %q:\n%s", want, report)
					}
				}
			})
		}
	}
}

func TestWithoutAJoinConnectingIsEnough(t *testing.T) {
	addr := serve(t, lobby{
		join: func(*actors.Context, []byte) ([]byte, error) { return nil, errors.New("nobody joins") },
		chat: func(c *actors.Context, body []byte) ([]byte, error) {
			c.All().Send(&messages.Push{Route: "any", Body: body})
			return nil, nil
		},
	})
	report, err := robot(t, t.Context(), "-scenario", "broadcast", "-join", "", "-dur", "300ms", "-addr", "tcp://"+addr)
	if err != nil || !strings.Contains(report, "100 %") {
		t.Errorf("run: %v\n%s", err, report)
	}
}

// A server may call a client as it likes; what it chats is in that name.
func TestTheNameIsTheOneTheServerGives(t *testing.T) {
	addr := serve(t, lobby{
		join: func(c *actors.Context, _ []byte) ([]byte, error) { return joins(c, []byte(`{"name":"ann"}`)) },
		chat: func(c *actors.Context, body []byte) ([]byte, error) {
			if !bytes.Contains(body, []byte(`"name":"ann"`)) {
				return nil, messages.NewError(400, "a stranger")
			}
			return chats(c, body)
		},
	})
	if report, err := robot(t, t.Context(), "-scenario", "broadcast", "-addr", "tcp://"+addr); err != nil {
		t.Errorf("run: %v\n%s", err, report)
	}
}

func TestTheHandshakeTellsTheUser(t *testing.T) {
	addr := serve(t, lobby{handshake: func(_ context.Context, h *connectors.Hello) (any, error) {
		if string(h.User) != `{"token":"x"}` {
			return nil, messages.NewError(500, "who?")
		}
		return nil, nil
	}})
	if _, err := robot(t, t.Context(), "-user", `{"token":"x"}`, "-addr", "tcp://"+addr); err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestItStopsWhenTheUserSaysSo(t *testing.T) {
	for name, scenario := range map[string]string{"at work": "echo", "in the middle of a broadcast": "broadcast"} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			addr := serve(t, lobby{
				echo: func(c *actors.Context, body []byte) ([]byte, error) { stop(); return body, nil },
				chat: func(c *actors.Context, body []byte) ([]byte, error) { stop(); return chats(c, body) },
			})
			report, err := robot(t, ctx, "-scenario", scenario, "-dur", "1h", "-wait", "1h", "-addr", "tcp://"+addr)
			if err == nil || err.Error() != "interrupted" || !strings.Contains(report, "none") {
				t.Errorf("run: %v\n%s", err, report)
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := robot(t, ctx, "-addr", "tcp://"+serve(t, lobby{})); err == nil || err.Error() != "interrupted" {
		t.Errorf("stopped before it began: %v", err)
	}
}

func TestOnlyTheWindowIsMeasured(t *testing.T) {
	var asked atomic.Int64
	addr := serve(t, lobby{echo: func(_ *actors.Context, body []byte) ([]byte, error) { asked.Add(1); return body, nil }})
	o, err := parse([]string{"-conns", "2", "-warm", "50ms", "-dur", "50ms", "-addr", "tcp://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	r := newResult(o)
	if err := r.play(t.Context(), &server{}); err != nil {
		t.Fatal(err)
	}
	if n := r.main.shows().count; n == 0 || n >= asked.Load() {
		t.Errorf("%d measured of %d, want some and not all", n, asked.Load())
	}
	if r.measured < o.dur {
		t.Errorf("measured for %v, want %v", r.measured, o.dur)
	}
}
