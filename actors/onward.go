package actors

import (
	"slices"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// onward is what this node has sent on, for clients of other nodes, to a third one. Their gates take it to be here
// still, so when the third is lost it is this node that answers: an answer to what has been answered is dropped by the
// gate. A mutex guards it: hosts and the cluster meet here.
type onward struct {
	mu   sync.Mutex
	sent []sentOn // the oldest first
}

// sentOn is one request.
type sentOn struct {
	address string
	req     *messages.Request // what its answer needs of it
	from    *actor.PID
	at      time.Duration // since the node was born
}

const (
	onwardMost = 4096
	onwardTime = 30 * time.Second // gates have answered by then
)

// add remembers a request, and forgets those that are too old, or too many.
func (o *onward) add(s sentOn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := 0
	for old < len(o.sent) && (o.sent[old].at < s.at-onwardTime || len(o.sent)-old >= onwardMost) {
		old++
	}
	o.sent = append(slices.Delete(o.sent, 0, old), s)
}

// take removes and returns what has gone to a node.
func (o *onward) take(address string) (gone []sentOn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = slices.DeleteFunc(o.sent, func(s sentOn) bool {
		if s.address == address {
			gone = append(gone, s)
			return true
		}
		return false
	})
	return gone
}
