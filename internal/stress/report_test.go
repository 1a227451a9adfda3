//go:build linux

package stress_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// report says what a scenario measured: in one line of the test's log, and in a row of
// the file of -stress.out.
func report(t *testing.T, promise, result string) {
	t.Helper()
	t.Logf("%s: %s", promise, result)
	if *out == "" {
		return
	}
	form := ""
	if *long {
		form = " -stress.long"
	}
	row := fmt.Sprintf("| %s | %s | `go test ./internal/stress -run '^%s$'%s -v` |\n", promise, result, t.Name(), form)
	f, err := os.OpenFile(*out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(row)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Error(err)
	}
}

// busy is what a short run allows, whose windows are short and whose machine does other
// things: a ratio says little there of times that are short in themselves.
const (
	busyRatio = 5
	busyTime  = 2 * time.Second
)

// expectRatio fails when the bad windows' p99 is worse than most times that of the calm ones.
func expectRatio(t *testing.T, p pairs, most float64) {
	t.Helper()
	if p.samples() == 0 {
		t.Fatal("nothing was measured")
	}
	got := p.ratio()
	if !*long && (got <= busyRatio || p99(p.bad) <= busyTime) {
		return
	}
	if got > most {
		t.Errorf("the others' p99 is %.2f times what it was in calm, want at most %.2f", got, most)
	}
}

// describe is the pairs in words.
func (p pairs) describe() string {
	return fmt.Sprintf("p99 %v calm, %v then: ratio %.2f, of calm to calm %.2f (median of %d pairs, %d samples)",
		rough(p99(p.calm)), rough(p99(p.bad)), p.ratio(), p.noise(), len(p.bad), p.samples())
}

// rough is a time without the digits that say nothing.
func rough(d time.Duration) time.Duration {
	unit := time.Microsecond
	for d > 1000*unit {
		unit *= 10
	}
	return d.Round(unit / 10)
}

func kib(bytes int64) string { return fmt.Sprintf("%.1f KiB", float64(bytes)/1024) }
