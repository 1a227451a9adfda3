package sim_test

import "sync"

// arms are panics that wait until somebody comes by.
type arms struct {
	mu sync.Mutex // the connector's goroutines are many
	n  map[string]int
}

// set lets the next n who come by that place panic.
func (a *arms) set(place string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n == nil {
		a.n = map[string]int{}
	}
	a.n[place] += n
}

// atLeast is set for what adds up to more than anybody waits for.
func (a *arms) atLeast(place string, n int) {
	a.mu.Lock()
	n -= a.n[place]
	a.mu.Unlock()
	if n > 0 {
		a.set(place, n)
	}
}

// due takes one of the panics that wait there.
func (a *arms) due(place string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n[place] == 0 {
		return false
	}
	a.n[place]--
	return true
}

// trip panics if the client's part in that place is to.
func (c *client) trip(place string) {
	if c != nil && c.arms.due(place) {
		c.note(tripped, place)
		panic("sim: " + place)
	}
}
