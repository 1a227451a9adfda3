package calm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/internal/calm"
)

// naive writes lines as they come: nothing is quoted.
type naive struct {
	out   io.Writer
	attrs []slog.Attr
}

func (h *naive) Enabled(context.Context, slog.Level) bool { return true }

func (h *naive) Handle(_ context.Context, r slog.Record) error {
	line := append([]byte(r.Message), h.line(h.attrs)...)
	r.Attrs(func(a slog.Attr) bool {
		line = append(line, h.line([]slog.Attr{a})...)
		return true
	})
	_, err := h.out.Write(append(line, '\n'))
	return err
}

func (h *naive) line(attrs []slog.Attr) (line []byte) {
	for _, a := range attrs {
		if a.Value.Kind() == slog.KindGroup {
			line = append(line, h.line(a.Value.Group())...)
			continue
		}
		line = fmt.Appendf(line, " %s=%v", a.Key, a.Value)
	}
	return line
}

func (h *naive) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &naive{h.out, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

func (h *naive) WithGroup(string) slog.Handler { return h }

// strange says what it is told in every way a value can.
type strange struct{ says string }

func (s strange) Error() string { return s.says }

type stringer struct{ says string }

func (s stringer) String() string { return s.says }

type valuer struct{ value slog.Value }

func (v valuer) LogValue() slog.Value { return v.value }

// panics does in every method, with a value that does in turn.
type panics struct{}

func (panics) Error() string { panic(panics{}) }

type noValue struct{}

func (noValue) LogValue() slog.Value { panic("a\nb") }

type text []byte

func line(log func(*slog.Logger)) string {
	var out bytes.Buffer
	log(calm.New(slog.New(&naive{out: &out})))
	return out.String()
}

func TestNothingOfAValueIsRaw(t *testing.T) {
	long := strings.Repeat("\n", 300)
	short := strings.Repeat(`\n`, 124) + "…+176"
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"a string":               {"a\nb", `a\nb`},
		"a long one":             {long, short},
		"an error":               {fmt.Errorf("x: %w", errors.New("a\nb")), `x: a\nb`},
		"no error":               {nil, "<nil>"},
		"an error that is nil":   {(*net.OpError)(nil), "<nil>"},
		"a Stringer":             {stringer{"\x1b"}, `\x1b`},
		"bytes":                  {[]byte("a\nb"), `a\nb`},
		"bytes by another name":  {text("a\nb"), `a\nb`},
		"an address":             {net.IPv4(1, 2, 3, 4), "1.2.3.4"},
		"a struct":               {struct{ A, B any }{"\n", []string{"\r"}}, `{A:\n B:[\r]}`},
		"a pointer":              {&struct{ A string }{long}, "&{A:" + short[:244] + "…+179"},
		"a map":                  {map[string]string{"\x00": "\x01"}, `map[\x00:\x01]`},
		"a LogValuer":            {valuer{slog.StringValue("\x07")}, `\a`},
		"one in another":         {valuer{slog.AnyValue(valuer{slog.AnyValue(strange{"\x07"})})}, `\a`},
		"a panic in a method":    {panics{}, "calm_test.panics that panics"},
		"a number":               {7, "7"},
		"a time":                 {time.Second, "1s"},
		"a bool":                 {true, "true"},
		"text in a group":        {slog.GroupValue(slog.String("g", "\n"), slog.Any("h", slog.GroupValue(slog.Any("i", strange{"\r"})))), ""},
		"a panic in LogValue":    {noValue{}, ""},
		"a group of a LogValuer": {valuer{slog.GroupValue(slog.String("\x1b", "\x1b"))}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for way, got := range map[string]string{
				"an attribute": line(func(l *slog.Logger) { l.Info("m", "k", c.value) }),
				"a With":       line(func(l *slog.Logger) { l.With("k", c.value).Info("m") }),
			} {
				if c.want != "" && got != "m k="+c.want+"\n" {
					t.Errorf("%s: %q, want k=%s", way, got, c.want)
				}
				if r := loud(strings.TrimSuffix(got, "\n")); r >= 0 {
					t.Errorf("%s: %q has %U in it", way, got, r)
				}
			}
		})
	}
}

func TestAStackMayBeLong(t *testing.T) {
	frame := "main.main()\n\tmain.go:7\n"
	got := line(func(l *slog.Logger) {
		l.Info("m", "stack", strings.Repeat(frame, 1000), "other", strings.Repeat("x", 300))
	})
	stack, other, _ := strings.Cut(strings.TrimPrefix(got, "m stack="), " other=")
	if len(stack) > 8<<10 || len(stack) < 8<<10-8 || !strings.HasPrefix(stack, `main.main()\n\tmain.go:7\n`) {
		t.Errorf("the stack is %d bytes: %.50s", len(stack), stack)
	}
	if want := strings.Repeat("x", 249) + "…+51\n"; other != want {
		t.Errorf("the other text is %q, want %q", other, want)
	}
}

func TestMessagesAndNamesAreTextsToo(t *testing.T) {
	got := line(func(l *slog.Logger) { l.WithGroup("g\n").Info("m\n", "k\n", "v") })
	if want := `m\n k\n=v` + "\n"; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
}

func TestAHandlerThatPanicsCostsTheLine(t *testing.T) {
	l := calm.New(slog.New(&naive{})) // it has nowhere to write to
	l.Info("m")
	if err := l.Handler().Handle(t.Context(), slog.Record{}); err == nil || !strings.HasPrefix(err.Error(), "calm: the handler panicked") {
		t.Errorf("Handle = %v", err)
	}
}

func TestWrappingTwiceIsWrappingOnce(t *testing.T) {
	l := calm.New(slog.New(slog.DiscardHandler))
	if again := calm.New(l); again != l {
		t.Error("a calm logger was wrapped again")
	}
	if with := l.With("a", 1); calm.New(with) != with {
		t.Error("a logger made of a calm one was wrapped again")
	}
	if calm.New(nil) == nil {
		t.Error("nil is not the default logger")
	}
}

// counting looks at each line, and keeps none.
type counting struct {
	t     *testing.T
	lines int
}

func (c *counting) Write(line []byte) (int, error) {
	c.lines++
	if s, ok := bytes.CutSuffix(line, []byte("\n")); !ok || loud(string(s)) >= 0 {
		c.t.Errorf("line = %q", line)
	}
	return len(line), nil
}

// TestNoRawByteOfAClientIsInAnyLine logs a million strings in every place a line has.
func TestNoRawByteOfAClientIsInAnyLine(t *testing.T) {
	n := 1_000_000
	if testing.Short() || raceEnabled {
		n = 100_000
	}
	quoted, raw := &counting{t: t}, &counting{t: t}
	handlers := []slog.Handler{
		calm.New(slog.New(slog.NewTextHandler(quoted, nil))).Handler(),
		calm.New(slog.New(&naive{out: raw})).Handler(),
	}
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range n {
		now = now.Add(time.Second / 10) // no storm
		for _, h := range handlers {
			if err := say(h, i%len(places), now, rubbish(random)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if quoted.lines != n || raw.lines != n {
		t.Errorf("%d and %d lines, want %d", quoted.lines, raw.lines, n)
	}
}

// places are where a string may stand in a line.
var places = []func(s string) slog.Attr{
	func(s string) slog.Attr { return slog.String("k", s) },
	func(s string) slog.Attr { return slog.Any("k", strange{s}) },
	func(s string) slog.Attr { return slog.Any("k", stringer{s}) },
	func(s string) slog.Attr { return slog.Any("k", []byte(s)) },
	func(s string) slog.Attr { return slog.Any("k", []any{s, strange{s}}) },
	func(s string) slog.Attr { return slog.Group("g", "k", s, "l", strange{s}) },
	func(s string) slog.Attr { return slog.Any("k", valuer{slog.StringValue(s)}) },
	func(s string) slog.Attr { return slog.String("stack", s) },
	func(s string) slog.Attr { return slog.String(s, "v") },
	func(s string) slog.Attr { return slog.Attr{} }, // in With, and in the message
}

func say(h slog.Handler, place int, now time.Time, s string) error {
	r := slog.NewRecord(now, slog.LevelInfo, "message", 0)
	if place == len(places)-1 {
		r.Message = s
		h = h.WithAttrs([]slog.Attr{slog.String("with", s)})
	}
	r.AddAttrs(places[place](s))
	return h.Handle(context.Background(), r)
}

// rubbish is a string of all that is not wanted, and some that is.
func rubbish(random *rand.Rand) string {
	var b []byte
	for n := random.IntN(40); n > 0; n-- {
		switch random.IntN(6) {
		case 0:
			b = append(b, byte(random.IntN(256)))
		case 1:
			b = append(b, byte(random.IntN(32)))
		case 2:
			b = append(b, string([]rune{'\u2028', '\u2029', '\ufeff', '\u0085', 0x202a + rune(random.IntN(5)), 0x2066 + rune(random.IntN(4)), 0x200e + rune(random.IntN(2))}[random.IntN(7)])...)
		case 3:
			b = append(b, string(rune(random.IntN(0x110000)))...)
		default:
			b = append(b, 'a'+byte(random.IntN(26)))
		}
	}
	if random.IntN(100) == 0 {
		b = bytes.Repeat(b, 50)
	}
	return string(b)
}

func TestManyMayLogAtOnce(t *testing.T) {
	l := calm.New(slog.New(slog.NewTextHandler(&counting{t: t}, nil)))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			mine := l.With("goroutine", i)
			for j := range 500 {
				mine.Info("message "+fmt.Sprint(j), "text", "\n")
			}
		})
	}
	all.Wait()
}

func BenchmarkLine(b *testing.B) {
	h := slog.NewTextHandler(io.Discard, nil)
	for name, l := range map[string]*slog.Logger{"naked": slog.New(h), "calm": calm.New(slog.New(h))} {
		b.Run("disabled/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Debug("message", "route", "lobby.say", "n", 7)
			}
		})
		b.Run("suppressed/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Info("message", "route", "lobby.say", "n", 7)
			}
		})
		b.Run("enabled/"+name, func(b *testing.B) {
			b.ReportAllocs()
			now := time.Now()
			for b.Loop() {
				now = now.Add(time.Second)
				r := slog.NewRecord(now, slog.LevelInfo, "message", 0)
				r.AddAttrs(slog.String("route", "lobby.say"), slog.Int("n", 7))
				l.Handler().Handle(b.Context(), r)
			}
		})
	}
}
