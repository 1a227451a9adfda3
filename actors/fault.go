package actors

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead-go/fairlead/internal/calm"
	"github.com/fairlead-go/fairlead/messages"
)

const (
	faultKinds = 32 // more than there are of messages.FaultKind
	// faultEvents of one kind are published a second; all are counted.
	faultEvents = 100
)

// faults counts what failed without ending a connection.
type faults struct {
	totals [faultKinds]atomic.Uint64

	// mu, since faults come from everywhere; nobody takes it when nothing fails.
	mu      sync.Mutex
	windows [faultKinds]window
}

// window counts the events of one second.
type window struct {
	second int64
	events int
}

func (f *faults) add(kind messages.FaultKind, n int) { f.totals[kind].Add(uint64(n)) }

// mayTell tells whether one more event of that kind is to be published now.
func (f *faults) mayTell(kind messages.FaultKind, now time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &f.windows[kind]
	if s := int64(now / time.Second); w.second != s {
		*w = window{second: s}
	}
	w.events++
	return w.events <= faultEvents
}

// scene is where something failed; what of it is known.
type scene struct {
	connector, route, session string
	what                      any // it failed with
}

// fault counts a failure and tells of it, unless too much has been told in this second. It
// tells whether it did: then it is worth a line in the log.
func (n *node) fault(kind messages.FaultKind, at scene) (told bool) {
	n.faults.add(kind, 1)
	return n.tellFault(kind, at)
}

func (n *node) tellFault(kind messages.FaultKind, at scene) (told bool) {
	if !n.faults.mayTell(kind, n.now()) {
		return false
	}
	f := &messages.Fault{
		Kind: kind, Connector: at.connector, Route: calm.Text(at.route, textMost), SessionId: at.session,
		Total: n.faults.totals[kind].Load(),
	}
	if at.what != nil {
		f.Text = calm.Text(fmt.Sprint(at.what), textMost)
	}
	publish(n.system, f)
	return true
}

// textMost is how long texts for people may be, in bytes.
const textMost = 256
