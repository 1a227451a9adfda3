package mqtt

import "sync"

// clients are those that are there, by client id.
type clients struct {
	mu   sync.Mutex
	byID map[string]client
}

// enter makes c the client of an id until it closes, and returns the one before. A client that has closed stays out.
func (t *clients) enter(id string, c client) (before client) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !c.way().present(t, id) {
		return nil
	}
	if t.byID == nil {
		t.byID = map[string]client{}
	}
	before, t.byID[id] = t.byID[id], c
	return before
}

// leave takes the client that o leads to out, unless another has taken its place.
func (t *clients) leave(id string, o *outlet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.byID[id]; ok && c.way() == o {
		delete(t.byID, id)
	}
}
