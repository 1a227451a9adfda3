package poll_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/fairlead-go/fairlead/internal/poll"
)

// A handler may end the goroutine that it has been lent.
func TestAHandThatEndsIsReplaced(t *testing.T) {
	got := make(chan heard, 8)
	var once sync.Once
	_, client := add(t, func(r *reader, h *poll.Hand, over bool) bool {
		once.Do(func() {
			for range 3 {
				h.Turn.Add(runtime.Goexit)
			}
		})
		return all(got)(r, h, over)
	})
	for range 8 {
		say(t, client, "x")
		next(t, got)
	}
}

// So may code of the application's that a Reader calls: what its client says next is still read.
func TestAReaderThatEndsItsGoroutineIsReadAgain(t *testing.T) {
	got, done := make(chan heard, 8), make(chan struct{})
	var once sync.Once
	_, client := add(t, func(r *reader, h *poll.Hand, over bool) bool {
		once.Do(func() {
			h.Turn.Add(func() { close(done) })
			runtime.Goexit()
		})
		return all(got)(r, h, over)
	})
	say(t, client, "x")
	next(t, got)
	<-done
	say(t, client, "x")
	next(t, got)
}
