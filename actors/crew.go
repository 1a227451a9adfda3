package actors

import (
	"sync"
	"time"
)

// crewTrim is how often a crew that has been larger than needed sends some home.
const crewTrim = time.Second

// crew keeps the goroutines that write to clients. A write may block, so there
// is one for each write under way; but a fresh goroutine would spend a fifth
// of an echo's time on growing its stack, so those that have finished wait for the next.
type crew struct {
	mu     sync.Mutex // a channel of channels would do, and wake the one that waited longest
	idle   []*writer
	least  int // fewest idle since the last trim
	timer  *time.Timer
	closed bool
}

type writer struct{ next chan *link } // nil: go home

// write lets a member of the crew do l's writing.
func (c *crew) write(l *link) {
	c.mu.Lock()
	n := len(c.idle) - 1
	if n < 0 {
		c.mu.Unlock()
		go c.work(l)
		return
	}
	w := c.idle[n]
	c.idle = c.idle[:n]
	c.least = min(c.least, n)
	c.mu.Unlock()
	w.next <- l
}

func (c *crew) work(l *link) {
	w := &writer{next: make(chan *link, 1)}
	for l != nil {
		l.write()
		if !c.rest(w) {
			return
		}
		l = <-w.next
	}
}

// rest makes w available, unless the crew is dismissed.
func (c *crew) rest(w *writer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.idle = append(c.idle, w)
	if c.timer == nil {
		c.timer = time.AfterFunc(crewTrim, c.trim)
	} else if len(c.idle) == 1 {
		c.timer.Reset(crewTrim)
	}
	return true
}

// trim sends home those who had nothing to do since the last time. The rest stay.
func (c *crew) trim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.dismiss(c.least)
	if c.least = len(c.idle); c.least > 0 {
		c.timer.Reset(crewTrim)
	}
}

// dismiss is called with mu held.
func (c *crew) dismiss(n int) {
	for _, w := range c.idle[:n] {
		w.next <- nil
	}
	c.idle = append(c.idle[:0], c.idle[n:]...)
	clear(c.idle[len(c.idle):cap(c.idle)])
}

// close sends everybody home; who still writes leaves afterwards.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.dismiss(len(c.idle))
	if c.timer != nil {
		c.timer.Stop()
	}
}
