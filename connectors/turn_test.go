package connectors_test

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/connectors"
)

// What is in a turn may be for many clients, and may be what the rest of it waits for.
func TestNothingInATurnWaitsForWhatTakesLong(t *testing.T) {
	held := make(chan struct{})
	for name, long := range map[string]func(){
		"one that blocks":             func() { <-held },
		"one that ends its goroutine": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				held = make(chan struct{})
				var turn connectors.Turn
				done := make(chan int, 4)
				for i := range 4 {
					if i == 2 {
						turn.Add(long)
					}
					turn.Add(func() { done <- i })
				}
				go turn.Do()
				synctest.Wait()
				if len(done) != 4 {
					t.Errorf("%d of 4 others were done", len(done))
				}
				close(held)
			})
		})
	}
}
