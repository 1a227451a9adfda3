package actors

import (
	"sync"
	"time"
)

// waiting lists the links of one connector and one batcher that have pushes
// waiting for the tick. Senders append to it under a mutex, on their own
// goroutine: through the batcher's mailbox it would cost five times as much.
type waiting struct {
	to   *batcher
	tick time.Duration
	own  []*link // listed by the batcher itself, which alone touches it

	mu    sync.Mutex
	links []*link
	spare []*link
	armed bool // a flush will come
	timer *time.Timer
}

// add lists l.
func (w *waiting) add(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.links = append(w.links, l)
	w.arm()
}

// addOwn is add for the batcher: for one of thousands of receivers, the mutex
// was nearly half of what a push cost.
func (w *waiting) addOwn(l *link) {
	if w.own = append(w.own, l); len(w.own) == 1 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.arm()
	}
}

// arm is called with mu held. What is listed first starts the tick.
func (w *waiting) arm() {
	switch {
	case w.armed:
		return
	case w.timer == nil:
		w.timer = time.AfterFunc(w.tick, func() { w.to.post(&flush{w}) })
	default:
		w.timer.Reset(w.tick)
	}
	w.armed = true
}

// flush has all links listed written to. Only the batcher calls it.
func (w *waiting) flush() {
	w.mu.Lock()
	links := w.links
	w.links, w.armed = w.spare[:0], false
	w.mu.Unlock()
	var r *round
	for _, list := range [][]*link{links, w.own} {
		for _, l := range list {
			if l.ticked() {
				r = r.add(l)
			}
		}
	}
	r.begin()
	clear(links)
	clear(w.own)
	w.own = w.own[:0]
	w.mu.Lock()
	w.spare = links[:0]
	w.mu.Unlock()
}

// stop ends the tick.
func (w *waiting) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}
