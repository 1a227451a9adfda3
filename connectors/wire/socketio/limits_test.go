package socketio_test

import (
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

func TestTheModeIsSettledOnce(t *testing.T) {
	const text, other, number = `2["message","\u0000\u0000\u0000\u0001\u0001a1"]`, `2["a",1]`, `2["message",1]`
	pomelo, events := []socketio.Mode{socketio.Pomelo}, []socketio.Mode{socketio.Events}
	eventsFirst := []socketio.Mode{socketio.Events, socketio.Pomelo}
	for name, c := range map[string]struct {
		modes         []socketio.Mode
		asks          socketio.Mode
		says          []string
		before, after socketio.Mode
		requests      int
	}{
		"by nothing yet":               {nil, 0, nil, socketio.Pomelo, socketio.Pomelo, 0},
		"by text":                      {nil, 0, []string{text, other}, socketio.Pomelo, socketio.Pomelo, 1},
		"by another event":             {nil, 0, []string{other, text}, socketio.Pomelo, socketio.Events, 2},
		"by a message that is no text": {nil, 0, []string{number, text}, socketio.Pomelo, socketio.Events, 2},
		"by what is asked for":         {nil, socketio.Events, []string{text, other}, socketio.Events, socketio.Events, 2},
		"events until then":            {eventsFirst, 0, nil, socketio.Events, socketio.Events, 0},
		"events, then text":            {eventsFirst, 0, []string{text, other}, socketio.Events, socketio.Pomelo, 1},
		"pomelo alone":                 {pomelo, 0, []string{other, text}, socketio.Pomelo, socketio.Pomelo, 1},
		"pomelo alone, asked or not":   {pomelo, socketio.Events, []string{other, text}, socketio.Pomelo, socketio.Pomelo, 1},
		"events alone":                 {events, socketio.Pomelo, []string{text, other}, socketio.Events, socketio.Events, 2},
	} {
		t.Run(name, func(t *testing.T) {
			seat := seat4
			seat.Mode = c.asks
			l := enter(socketio.Config{Modes: c.modes}, seat)
			if got := l.codec; got != (socketio.Codec{Version: engineio.V4, Mode: c.before}) {
				t.Errorf("codec = %+v, want mode %d", got, c.before)
			}
			if got := l.told(c.says); len(got) != c.requests || l.ended != nil {
				t.Errorf("requests = %q, ended %v, want %d", got, l.ended, c.requests)
			}
			if got := l.codec; got != (socketio.Codec{Version: engineio.V4, Mode: c.after}) {
				t.Errorf("codec = %+v, want mode %d", got, c.after)
			}
		})
	}
	if socketio.ModeOf("pomelo") != socketio.Pomelo || socketio.ModeOf("event") != socketio.Events || socketio.ModeOf("Event") != 0 {
		t.Error("modes have other names")
	}
}

func TestLimits(t *testing.T) {
	nest := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	long := func(n int) string { return `2["a","` + strings.Repeat("x", n-9) + `"]` }
	escaped := strings.NewReplacer(`"`, `\"`)
	text := func(body string) string {
		return `2["message","\u0000\u0000\u0000\u0001\u0001a` + escaped.Replace(body) + `"]`
	}
	small := socketio.Config{MaxMessage: 100, MaxDepth: 3, MaxAttachments: 2}
	for name, c := range map[string]struct {
		cfg      socketio.Config
		in, over []string
		cause    messages.Cause
	}{
		"depth":                {socketio.Config{}, []string{`2["a",` + nest(32) + `]`}, []string{`2["a",` + nest(33) + `]`}, messages.CauseMalformed},
		"depth, pomelo":        {socketio.Config{}, []string{text(nest(32))}, []string{text(nest(33))}, messages.CauseMalformed},
		"other depth":          {small, []string{`2["a",` + nest(3) + `]`}, []string{`2["a",` + nest(4) + `]`}, messages.CauseMalformed},
		"size":                 {small, []string{long(100)}, []string{long(101)}, messages.CauseTooLarge},
		"default size":         {socketio.Config{}, []string{long(1_000_000)}, []string{long(1_000_001)}, messages.CauseTooLarge},
		"size and attachments": {small, []string{`52-["a"]`, "<" + strings.Repeat("x", 90) + ">", `<xx>`}, []string{`52-["a"]`, "<" + strings.Repeat("x", 90) + ">", `<xxx>`}, messages.CauseTooLarge},
		"attachments":          {small, []string{`52-["a"]`}, []string{`53-["a"]`}, messages.CauseMalformed},
		"default attachments":  {socketio.Config{}, []string{`510-["a"]`}, []string{`511-["a"]`}, messages.CauseMalformed},
		"no attachments":       {socketio.Config{MaxAttachments: -1}, []string{`50-["a"]`}, []string{`51-["a"]`}, messages.CauseMalformed},
	} {
		l := enter(c.cfg, seat4)
		if l.told(c.in); l.ended != nil {
			t.Errorf("%s: at the limit: %v", name, l.ended)
		}
		l = enter(c.cfg, seat4)
		if l.told(c.over); l.ended == nil || l.ended.Cause != c.cause {
			t.Errorf("%s: over the limit: %v, want %v", name, l.ended, c.cause)
		}
	}
}
