package udp

import (
	"runtime"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
)

// crew brings what clients have sent to their sinks, on goroutines that are kept: a fresh one pays
// each time for growing its stack. One that takes a client on calls another to the rest, so that who is
// held up by a client with too much in flight holds up nobody else, while otherwise no more run than
// there are cores. A client is in the queue once at most, and that is all that waits.
type crew struct {
	mu          sync.Mutex // who reads must not wait for who brings
	wake        sync.Cond
	first, last *conn // linked by conn.behind
	idle, spare int
	busy        int  // who brings
	called      bool // somebody is on the way
	closed      bool
	quiet       sync.Cond // idle or busy has changed
}

func newCrew() *crew {
	c := &crew{spare: runtime.GOMAXPROCS(0)}
	c.wake.L, c.quiet.L = &c.mu, &c.mu
	return c
}

// schedule has x.bring called. It does not block.
func (c *crew) schedule(x *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		c.first = x
	} else {
		c.last.behind = x
	}
	c.last = x
	c.call()
}

// call is called with mu held, when somebody waits in the queue.
func (c *crew) call() {
	switch {
	case c.called:
	case c.idle > 0:
		c.called = true
		c.wake.Signal()
	default:
		c.called = true
		go c.work()
	}
}

func (c *crew) work() {
	turn := &connectors.Turn{} // no Yield: somebody else has been called already
	for x := c.next(); x != nil; x = c.next() {
		x.bring(turn)
		c.brought()
		turn.Do()
	}
}

// brought notes that a client has been.
func (c *crew) brought() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	c.quiet.Broadcast()
}

// next waits for a client. It is nil for who is not needed any more.
func (c *crew) next() *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.first == nil {
		c.called = false
		if c.closed || c.idle >= c.spare {
			return nil
		}
		c.idle++
		c.wake.Wait()
		c.idle--
		c.quiet.Broadcast()
	}
	c.busy++
	c.called = false
	x := c.first
	if c.first = x.behind; c.first == nil {
		c.last = nil
	} else {
		c.call()
	}
	x.behind = nil
	return x
}

// close returns when all that waits has been brought. A handler that somebody of the crew has been lent to is not
// waited for.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.wake.Broadcast()
	for c.first != nil || c.busy > 0 || c.idle > 0 {
		c.quiet.Wait()
	}
}
