package calm_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/internal/calm"
)

// storming is a calm logger in a bubble, and its lines since they were last looked at.
type storming struct {
	*slog.Logger
	out bytes.Buffer
}

func storm(t *testing.T, f func(s *storming)) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		s := new(storming)
		s.Logger = calm.New(slog.New(&naive{out: &s.out}))
		f(s)
	})
}

func (s *storming) lines() []string {
	lines := strings.SplitAfter(s.out.String(), "\n")
	s.out.Reset()
	return lines[:len(lines)-1]
}

func TestAStormIsTenLinesASecond(t *testing.T) {
	storm(t, func(s *storming) {
		for range 10_000 { // 10 s
			s.Info("m")
			time.Sleep(time.Millisecond) // in a bubble
		}
		lines := s.lines()
		if len(lines) != 100 {
			t.Errorf("%d lines of 10,000 in 10 s, want 100", len(lines))
		}
		for i, got := range lines {
			want := "m\n"
			if i > 0 && i%10 == 0 {
				want = "m suppressed=990\n"
			}
			if got != want {
				t.Errorf("line %d is %q, want %q", i, got, want)
			}
		}
	})
}

func TestNoSecondHasMoreThanTenLines(t *testing.T) {
	storm(t, func(s *storming) {
		time.Sleep(950 * time.Millisecond) // in a bubble: no second begins with the clock's
		for range 11 {
			s.Info("m")
		}
		time.Sleep(999_999_999)
		s.Info("m")
		if got := len(s.lines()); got != 10 {
			t.Errorf("%d lines within a second, want 10", got)
		}
		time.Sleep(time.Nanosecond)
		s.Info("m")
		s.Info("m")
		if got := s.lines(); len(got) != 2 || got[0] != "m suppressed=2\n" || got[1] != "m\n" {
			t.Errorf("a second later: %q, want one line that tells of 2 and one that does not", got)
		}
	})
}

func TestMessagesAreCountedApart(t *testing.T) {
	storm(t, func(s *storming) {
		with := s.With("a", 1).WithGroup("g")
		for range 20 {
			s.Info("one")
			with.Error("one")
			s.Info("two")
		}
		if got := len(s.lines()); got != 20 {
			t.Errorf("%d lines, want 10 of each message, whoever logs", got)
		}
	})
}

func TestFewMessagesAreRemembered(t *testing.T) {
	storm(t, func(s *storming) {
		for i := range 256 {
			s.Info(fmt.Sprint(i))
		}
		s.lines()
		for i := range 100 {
			s.Info(fmt.Sprint("another ", i))
			s.Info("7")
		}
		if got := len(s.lines()); got != 19 {
			t.Errorf("%d lines, want 9 more of the message that is remembered and 10 of the others together", got)
		}
		time.Sleep(time.Second) // in a bubble
		for i := range 100 {
			s.Info(fmt.Sprint("another ", i))
		}
		if got := len(s.lines()); got != 100 {
			t.Errorf("%d lines of 100 messages when the old ones are forgotten, want 100", got)
		}
	})
}

func TestClocksMayGoBackAndRecordsMayHaveNone(t *testing.T) {
	storm(t, func(s *storming) {
		log := func(at time.Time) {
			s.Handler().Handle(context.Background(), slog.NewRecord(at, slog.LevelInfo, "m", 0))
		}
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		for range 11 {
			log(now)
			log(now.Add(-time.Hour))
		}
		if got := len(s.lines()); got != 20 {
			t.Errorf("%d lines before and after a step of the clock, want 20", got)
		}
		for range 11 {
			log(time.Time{})
		}
		if got := len(s.lines()); got != 10 {
			t.Errorf("%d lines without a time, want 10", got)
		}
	})
}
