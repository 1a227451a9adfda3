//go:build linux

package stress_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// A server that is drained answers what it has read, tells everybody, and is done in time.
func TestDrainUnderLoad(t *testing.T) {
	n, rounds := size(50, 200, 2000), size(1, 3, 50)
	const within = 10 * time.Second
	var took []time.Duration
	answered := 0
	for range rounds {
		d, a := drainOnce(t, n, within)
		took = append(took, d)
		answered += a
	}
	if longest := quantile(took, 1); longest > within {
		t.Errorf("a drain took %v, want at most %v", longest, within)
	}
	report(t, fmt.Sprintf("%d drains at random moments, %d clients under load", rounds, n),
		fmt.Sprintf("0 of %d requests that were read unanswered, everybody told, done in %v at most, %v as a rule",
			answered, rough(quantile(took, 1)), rough(quantile(took, 0.5))))
}

// drainOnce drains a fresh server with n clients, and returns how long that took and how many
// requests had been answered.
func drainOnce(t *testing.T, n int, within time.Duration) (took time.Duration, answered int) {
	c := start(t, setup{})
	w := gather(t, c, n)
	defer w.leave()
	w.join()
	stop := w.load(size(500.0, 1000, 5000))
	defer stop()
	c.do(command{Do: "push", Rate: beats / 4, N: 1, Size: beatSize})
	pause(rand.N(size(100*time.Millisecond, 300*time.Millisecond, time.Second)))
	took = c.do(command{Do: "drain", Time: within}).Took[0]
	await(t, 5*time.Second, "everybody is disconnected", func() bool { return int(w.lost.Load()) == n })
	stop()
	w.expectSense()
	st := c.stats()
	if st.Unanswered > 0 || int(st.Told) != n || int(st.Ends) != n {
		t.Errorf("%d of %d connections have ended, %d were told, %d requests unanswered", st.Ends, n, st.Told, st.Unanswered)
	}
	silent, gaps := 0, 0
	w.all(func(p *peer) {
		if !advised(p.told()) {
			silent++
		}
		if !p.answeredInFull() {
			gaps++
		}
		answered += int(p.newest)
	})
	if silent > 0 || gaps > 0 {
		t.Errorf("%d of %d clients were not told why; %d miss an answer to a request that was read", silent, n, gaps)
	}
	return took, answered
}

// advised tells whether a client knows what to do now: by the JSON of a kick, or by the WebSocket close
// code for a restart.
func advised(told string) bool {
	var kick struct{ Reason string }
	return told == "close 1012" || json.Unmarshal([]byte(told), &kick) == nil && kick.Reason != ""
}

// answeredInFull tells whether no request was left out: the server reads them in order.
func (p *peer) answeredInFull() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.pending {
		if id < p.newest {
			return false
		}
	}
	return true
}
