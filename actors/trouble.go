package actors

import (
	"fmt"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// trouble counts failures of actors that supervise others.
type trouble struct {
	mu    sync.Mutex // they come from several supervisors
	times []time.Duration
}

// treeFailed counts a failure of child, and gives up when there are too many.
func (n *node) treeFailed(child fmt.Stringer, reason any) {
	n.fault(messages.FaultTree, scene{what: fmt.Sprint(child, ": ", reason)})
	n.log.Error("panic in a supervisor", "actor", child.String(), "panic", fmt.Sprint(reason))
	if n.trouble.tooMuch(n.Faults.Tree, n.now()) {
		n.giveUp(fmt.Errorf("actors: supervisors failed %d times within %v, the last: %v", n.Faults.Tree.Most, n.Faults.Tree.Within, reason))
	}
}

func (t *trouble) tooMuch(i Intensity, now time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times = i.count(t.times, now)
	return i.Most > 0 && len(t.times) >= i.Most
}

// count notes a failure at now, and forgets those that do not count any more.
func (i Intensity) count(times []time.Duration, now time.Duration) []time.Duration {
	kept := times[:0]
	for _, t := range times {
		if now-t < i.Within {
			kept = append(kept, t)
		}
	}
	if len(kept) == max(i.Most, 1) {
		kept = append(kept[:0], kept[1:]...)
	}
	return append(kept, now)
}
