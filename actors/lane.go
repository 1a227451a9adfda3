package actors

import "sync/atomic"

// lane counts what one sender has sent to one batcher, and how much of it has
// been handled. While there is a difference, what the sender sends to that
// batcher's sockets goes the same way, so that it overtakes nothing.
type lane struct{ sent, handled atomic.Uint64 }

// enter is called before a message is sent.
func (l *lane) enter() *lane {
	l.sent.Add(1)
	return l
}

// leave is called when it has been handled. A nil lane counts nothing.
func (l *lane) leave() {
	if l != nil {
		l.handled.Add(1)
	}
}

// newLanes are those of one sender, one to each batcher.
func (n *node) newLanes() []lane { return make([]lane, len(n.batchers)) }

func (l *lane) empty() bool { return l.sent.Load() == l.handled.Load() }
