// Package leak fails a package's tests when goroutines outlive them. It is for
// tests only.
package leak

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// grace is how long goroutines may take to end after the last test. Nothing is
// ignored by name: the slowest that is no leak, Proto.Actor's dead-letter
// counter, sleeps for its throttle interval of one second after the last letter.
const grace = 3 * time.Second

// Main runs the tests of a package and exits. It is all that TestMain needs:
//
//	func TestMain(m *testing.M) { leak.Main(m) }
func Main(m *testing.M) {
	os.Exit(run(m.Run, grace, os.Stderr))
}

// run returns the code of tests, or 1 when they passed and left goroutines
// behind that do not end within grace.
func run(tests func() int, grace time.Duration, out io.Writer) int {
	if code := tests(); code != 0 {
		return code
	}
	if err := Check(grace); err != nil {
		fmt.Fprintf(out, "the tests passed but left goroutines: %v\n", err)
		return 1
	}
	return 0
}

// Check waits at most about grace for all goroutines but the caller's to end, and
// says which have not.
func Check(grace time.Duration) error { return wait(grace) }

func wait(grace time.Duration, except ...goleak.Option) error {
	end := time.Now().Add(grace)
	for {
		err := goleak.Find(except...) // it retries for some 400 ms, so this loop does not spin
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// Since returns a Check that passes over the goroutines that there are now.
func Since() (check func(grace time.Duration) error) {
	before := goleak.IgnoreCurrent()
	return func(grace time.Duration) error { return wait(grace, before) }
}
