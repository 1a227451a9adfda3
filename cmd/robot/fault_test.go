package main

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

func TestWhatServersDoWrongIsCounted(t *testing.T) {
	const one = "-conns 1 "
	tests := map[string]struct {
		lobby  lobby
		args   string
		err    string
		report []string
	}{
		"it answers something else": {
			lobby:  lobby{echo: func(*actors.Context, []byte) ([]byte, error) { return []byte(`{"content":"x"}`), nil }},
			err:    " errors",
			report: []string{"request: the answer is not an echo"},
		},
		"it answers with an error": {
			lobby:  lobby{echo: fails},
			err:    " errors",
			report: []string{"request: code 418: a teapot"},
		},
		"it never answers": {
			lobby:  lobby{echo: never},
			args:   "-depth 3 -wait 1s",
			err:    "12 errors",
			report: []string{"12  request: no answer in time"},
		},
		"it kicks": {
			lobby:  lobby{echo: kicks},
			args:   "-depth 3 -dur 1h",
			err:    "4 errors",
			report: []string{"4  lost: client: kicked: out"},
		},
		"it kicks one of many": {
			lobby:  lobby{join: kicksSecond(new(atomic.Int64))},
			args:   "-scenario broadcast -rate 1000 -wait 1s",
			report: []string{"3 of 4", "1  connect: "},
			err:    "1 error",
		},
		"it lets nobody join": {
			lobby: lobby{join: fails},
			args:  "-scenario broadcast",
			err:   "no client came in: connect: code 418: a teapot",
		},
		"it does not deliver": {
			lobby:  lobby{chat: func(*actors.Context, []byte) ([]byte, error) { return nil, nil }},
			args:   "-scenario broadcast -rate 1 -wait 1s",
			err:    "4 of 4 deliveries are missing; 0 errors",
			report: []string{"0 %, 0 of 4"},
		},
		"it delivers to some": {
			lobby:  lobby{chat: func(c *actors.Context, b []byte) ([]byte, error) { c.Send(c.Socket(), push(b)); return nil, nil }},
			args:   "-scenario broadcast -rate 1 -wait 1s",
			err:    "3 of 4 deliveries are missing",
			report: []string{"25 %, 1 of 4"},
		},
		"it delivers twice": {
			lobby: lobby{chat: func(c *actors.Context, b []byte) ([]byte, error) {
				c.Send(c.Socket(), push(b))
				c.Send(c.Socket(), push(b))
				return nil, nil
			}},
			args:   one + "-scenario broadcast -rate 1",
			err:    "1 error",
			report: []string{"100 %, 1 of 1", "1  delivery: the same push came twice"},
		},
		"it refuses to chat": {
			lobby:  lobby{chat: fails},
			args:   one + "-scenario broadcast -rate 1 -wait 1s",
			err:    "1 of 1 deliveries are missing; 1 error",
			report: []string{"1  chat: code 418: a teapot"},
		},
		"it does not answer a chat": {
			lobby:  lobby{chat: func(c *actors.Context, b []byte) ([]byte, error) { c.Send(c.Socket(), push(b)); return never(c, b) }},
			args:   one + "-scenario broadcast -rate 1 -wait 1s",
			err:    "1 error",
			report: []string{"100 %", "1  chat: no answer in time"},
		},
		"it delivers to nobody who only connects": {
			lobby:  lobby{chat: func(*actors.Context, []byte) ([]byte, error) { return nil, nil }},
			args:   "-scenario broadcast -join= -rate 1",
			err:    "4 errors",
			report: []string{"4  delivery: nothing comes to this client"},
		},
		"it kicks who chats": {
			lobby: lobby{chat: kicks},
			args:  one + "-scenario broadcast -rate 1 -dur 1h -wait 1h",
			err:   "1 of 1 deliveries are missing; 1 error",
		},
		"it refuses the handshake": {
			lobby: lobby{handshake: func(context.Context, *connectors.Hello) (any, error) { return nil, messages.NewError(403, "go") }},
			err:   "no client came in: connect: handshake: line: refused: code ",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-addr", "tcp://" + serve(t, tt.lobby)}, strings.Fields(tt.args)...)
			report, err := robot(t, t.Context(), args...)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			for _, want := range tt.report {
				if !strings.Contains(report, want) {
					t.Errorf("the report does not say %q:\n%s", want, report)
				}
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, scheme := range []string{"tcp://", "ws://"} {
		report, err := robot(t, t.Context(), "-addr", scheme+l.Addr().String())
		if err == nil || !strings.Contains(err.Error(), "no client came in: connect: dial: ") || strings.Contains(err.Error(), "\n") || report != "" {
			t.Errorf("%s: error %v, report %q", scheme, err, report)
		}
	}
}

func fails(*actors.Context, []byte) ([]byte, error) { return nil, messages.NewError(418, "a teapot") }

func never(c *actors.Context, _ []byte) ([]byte, error) { c.Defer(); return nil, nil }

func kicks(c *actors.Context, _ []byte) ([]byte, error) {
	c.Send(c.Socket(), &messages.Kick{Reason: "out"})
	return never(c, nil)
}

// kicksSecond kicks the second to join.
func kicksSecond(n *atomic.Int64) handler {
	return func(c *actors.Context, b []byte) ([]byte, error) {
		if n.Add(1) == 2 {
			return kicks(c, b)
		}
		return joins(c, b)
	}
}

func push(body []byte) *messages.Push { return &messages.Push{Route: "onChat", Body: body} }
