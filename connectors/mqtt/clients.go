package mqtt

import "sync"

// clients are those that are there, by client id.
type clients struct {
	mu   sync.Mutex
	byID map[string]client
}

// enter makes c the client of an id, and returns the one before.
func (t *clients) enter(id string, c client) (before client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = map[string]client{}
	}
	before, t.byID[id] = t.byID[id], c
	return before
}

// leave takes c out, unless another has taken its place.
func (t *clients) leave(id string, c client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID[id] == c {
		delete(t.byID, id)
	}
}
