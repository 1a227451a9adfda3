package actors

import (
	"time"

	"github.com/fairlead-go/fairlead/connectors"
)

// stopActors stops the tree, whose sockets are gone.
func (r *Running) stopActors() {
	n := r.node
	n.memory.stop()
	r.await("virtual actors stopped", n.hosts.end)
	n.root.Send(r.root, &stopAll{})
	r.await("actors stopped", func() { <-r.ended })
	n.links.Done()
	r.await("connections let go", n.links.Wait)
	r.await("listeners gone", r.linger)
	r.watch()
	for _, b := range n.batchers {
		b.clock.stop()
	}
	n.crew.close(stopTime)
	n.starts.close(stopTime)
	n.queue.close(stopTime)
}

// linger waits for listeners that still have clients to say farewell to.
func (r *Running) linger() {
	for _, p := range r.places {
		if l, ok := p.Listener.(connectors.Lingerer); ok {
			<-l.Gone()
		}
	}
}

// await waits for what f waits for, and says so when it does not come.
func (r *Running) await(what string, f func()) {
	if !within(stopTime, f) {
		r.node.log.Error("stop: gave up waiting", "for", what, "after", stopTime)
	}
}

// within waits for f, but not for ever.
func within(d time.Duration, f func()) (done bool) {
	end := make(chan struct{})
	go func() { f(); close(end) }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-end:
		return true
	case <-timer.C:
		return false
	}
}
