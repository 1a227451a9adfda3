package actors

import (
	"sync"
	"time"
)

// clock rings the alarms of all links of a batcher with one timer: one for each link would be of the size of
// all else that an idle client's alarm needs, twice. What is booked is a heap, the earliest first.
type clock struct {
	node *node
	ring func(*link)

	mu    sync.Mutex // under the links' own
	heap  []booked
	timer *time.Timer
	at    time.Duration // when it rings, since the node was; zero: it is not set
}

// booked is when a link's alarm rings. The link knows its place in the heap, so that it can be moved.
type booked struct {
	at   time.Duration
	link *link
}

// fireMost is how many alarms ring before others may use the clock.
const fireMost = 256

// book has l's alarm ring at that time, and not at another that was booked before.
func (c *clock) book(l *link, at time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := l.alarm.place - 1; i >= 0 {
		c.heap[i].at = at
		c.fix(int(i))
	} else {
		c.heap = append(c.heap, booked{at, l})
		c.up(len(c.heap) - 1)
	}
	c.set()
}

// cancel takes what is booked for l back. The clock may ring all the same, for nobody.
func (c *clock) cancel(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := l.alarm.place - 1; i >= 0 {
		c.remove(int(i))
	}
}

// set is called with mu held. A timer that is set too early is not moved: it is set again when it has rung.
func (c *clock) set() {
	if len(c.heap) == 0 || c.at != 0 && c.at <= c.heap[0].at {
		return
	}
	c.at = max(c.heap[0].at, 1)
	if left := c.at - c.node.now(); c.timer == nil {
		c.timer = time.AfterFunc(left, c.fire)
	} else {
		c.timer.Reset(left)
	}
}

// fire runs on the timer's goroutine. The alarms ring on others, each on its own: one that waits for
// its link, or for a codec, holds up nobody.
func (c *clock) fire() {
	for c.some() {
	}
}

// some has the next few alarms ring that are due, and tells whether there may be more.
func (c *clock) some() (more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.node.now()
	for range fireMost {
		if len(c.heap) == 0 || c.heap[0].at > now {
			c.at = 0
			c.set()
			return false
		}
		l := c.heap[0].link
		c.remove(0)
		go c.ring(l)
	}
	return true
}

// stop ends the clock.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
}

// remove is called with mu held, as are those below.
func (c *clock) remove(i int) {
	last := len(c.heap) - 1
	c.heap[i].link.alarm.place = 0
	if i != last {
		c.heap[i] = c.heap[last]
	}
	c.heap[last] = booked{}
	if c.heap = c.heap[:last]; i != last {
		c.fix(i)
	}
}

// fix puts what is at i where it belongs.
func (c *clock) fix(i int) {
	if i > 0 && c.heap[i].at < c.heap[parent(i)].at {
		c.up(i)
	} else {
		c.down(i)
	}
}

func (c *clock) up(i int) {
	b := c.heap[i]
	for ; i > 0 && b.at < c.heap[parent(i)].at; i = parent(i) {
		c.put(i, c.heap[parent(i)])
	}
	c.put(i, b)
}

func (c *clock) down(i int) {
	b := c.heap[i]
	for {
		child := fork*i + 1
		if child >= len(c.heap) {
			break
		}
		for j := child + 1; j < min(child+fork, len(c.heap)); j++ {
			if c.heap[j].at < c.heap[child].at {
				child = j
			}
		}
		if b.at <= c.heap[child].at {
			break
		}
		c.put(i, c.heap[child])
		i = child
	}
	c.put(i, b)
}

// fork is how many children a place has: with four there are half as many levels as with two.
const fork = 4

func parent(i int) int { return (i - 1) / fork }

func (c *clock) put(i int, b booked) {
	c.heap[i] = b
	b.link.alarm.place = int32(i + 1)
}
