package tries_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/internal/tries"
)

// near says whether got is want, a quarter more or less.
func near(got, want time.Duration) bool { return got >= want*3/4 && got <= want*5/4+1 }

func TestPausesGrowAndBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		const ms = time.Millisecond
		want := []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 5000 * ms, 5000 * ms, 100 * ms, 200 * ms}
		var tried, failed int
		last := time.Now()
		tries.Until(ctx, func(_ context.Context, well func()) error {
			if now := time.Now(); tried > 0 {
				if got := now.Sub(last); !near(got, want[tried-1]) {
					t.Errorf("the pause before try %d was %v, want about %v", tried, got, want[tried-1])
				}
				last = now
			}
			if tried == 8 {
				well()
			}
			if tried++; tried > len(want) {
				cancel()
			}
			return errors.New("again")
		}, func(error) { failed++ })
		if tried != len(want)+1 || failed != len(want) {
			t.Errorf("%d tries, %d failures told, want %d and %d", tried, failed, len(want)+1, len(want))
		}
	})
}

func TestAPauseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		begin := time.Now()
		tries.Until(ctx, func(context.Context, func()) error { return nil }, func(err error) { t.Errorf("told of %v", err) })
		if d := time.Since(begin); d != 10*time.Millisecond {
			t.Errorf("it ended after %v, want 10ms", d)
		}
	})
}
