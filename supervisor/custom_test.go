package supervisor_test

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// brittle is a wire of lines, "route" each, whose functions panic when they are told to.
func brittle(l net.Listener) *custom.Connector {
	return &custom.Connector{
		Port: &port.Port{Listener: l},
		Cut: func(b []byte) (int, error) {
			if b[0] == '!' {
				panic("cut")
			}
			return custom.Lines(b)
		},
		Config: custom.Config{
			Decode: func(line []byte) (*messages.Request, error) {
				if bytes.HasPrefix(line, []byte("decode")) {
					panic("decode")
				}
				return &messages.Request{Id: 1, Route: strings.TrimSpace(string(line))}, nil
			},
			Encode: func(dst []byte, m custom.Message) ([]byte, error) {
				if m.Route == "play.encode" && m.Error == nil {
					panic("encode")
				}
				return fmt.Appendf(dst, "%s %s\n", m.Route, m.Body), nil
			},
		},
	}
}

// A panic in a function of somebody's own connector costs a message, or its client, and nobody else.
func TestPanicsInAConnectorOfYourOwn(t *testing.T) {
	play := actors.NewRoute("play")
	for _, name := range []string{"echo", "encode"} {
		actors.HandleRaw(play, name, func(*actors.Context, []byte) ([]byte, error) { return []byte("ok"), nil })
	}
	l := memory.Listen("brittle")
	fl, err := supervisor.Start(quietSystem(), supervisor.Config{
		Connectors: []connectors.Source{brittle(l)},
		Routes:     []actors.Route{play},
		Logger:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer fl.Stop()
	ask, other := meet(t, l), meet(t, l)
	for _, tt := range []struct{ say, want string }{
		{"play.echo\n", "play.echo ok\n"},
		{"decode\nplay.echo\n", "play.echo ok\n"},
		{"play.encode\n", "play.encode {\"code\":500}\n"},
		{"play.echo\n", "play.echo ok\n"},
		{"!\n", ""}, // the wire is lost
	} {
		if got := ask(tt.say); got != tt.want {
			t.Errorf("%q is answered %q, want %q", tt.say, got, tt.want)
		}
	}
	if got := other("play.echo\n"); got != "play.echo ok\n" {
		t.Errorf("another client is answered %q", got)
	}
	s := fl.Stats()
	if s.Faults[messages.FaultDecode] != 1 || s.Faults[messages.FaultEncode] != 1 || s.Closed[messages.CauseFailed] != 1 {
		t.Errorf("faults %v, closed %v, want one of decode, one of encode, one client failed", s.Faults, s.Closed)
	}
}

// meet is a client that asks and returns the line of the answer, or nothing at the end.
func meet(t *testing.T, l *memory.Listener) (ask func(lines string) string) {
	t.Helper()
	c, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	answers := bufio.NewReader(c)
	return func(lines string) string {
		if _, err := c.Write([]byte(lines)); err != nil {
			t.Error(err)
		}
		line, _ := answers.ReadString('\n')
		return line
	}
}
