package actors

import (
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// asks is what one client has asked of a desk at once: one message for its mailbox, however many requests.
type asks struct {
	link *link
	list []connectors.Inbound
	done int // how many of them the actor has begun to handle
}

var asked = sync.Pool{New: func() any { return new(asks) }}

// newAsks copies what it is given: the list, not what is asked.
func newAsks(l *link, in []connectors.Inbound) *asks {
	a, _ := asked.Get().(*asks)
	a.link = l
	a.list = append(a.list, in...)
	return a
}

// free is for who has dealt with all of it.
func (a *asks) free() {
	clear(a.list)
	a.link, a.list, a.done = nil, a.list[:0], 0
	asked.Put(a)
}

// each has f deal with what has not been handled, the request that was being handled among it.
func (a *asks) each(f func(*messages.Request)) {
	for _, in := range a.list[max(a.done-1, 0):] {
		f(in.Request)
	}
}

// split leaves the first n in a, and returns the others.
func (a *asks) split(n int) *asks {
	rest := newAsks(a.link, a.list[n:])
	clear(a.list[n:])
	a.list = a.list[:n]
	return rest
}

// size is what a message counts in a mailbox.
func size(msg any) int {
	if a, ok := msg.(*asks); ok {
		return len(a.list)
	}
	return 1
}
