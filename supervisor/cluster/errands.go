package cluster

import "sync"

// errands are for the keeper too, as its inbox is, but nobody waits for room: the keeper may bring them about itself.
// They are done before anything that comes into the inbox after them.
type errands struct {
	mu   sync.Mutex
	list []func()
	wake chan struct{} // has a place
}

func newErrands() *errands { return &errands{wake: make(chan struct{}, 1)} }

func (e *errands) take() []func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.list
	e.list = nil
	return list
}

// soon has f called by the keeper, unless the node has ended.
func (n *Node) soon(f func()) {
	if n.ctx.Err() != nil {
		return
	}
	e := n.errands
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, f)
	select {
	case e.wake <- struct{}{}:
	default: // it is awake already
	}
}
