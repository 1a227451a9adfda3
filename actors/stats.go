package actors

import (
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// Stats is what goes on, counted while it goes on: the numbers belong to
// about the same moment.
type Stats struct {
	Connections       int                           // now, handshake done or not
	Ready             int                           // of these, handshake done
	Users             int                           // bound
	Accepted          uint64                        // since the start
	Closed            map[messages.Cause]uint64     // since the start, by cause
	Faults            map[messages.FaultKind]uint64 // since the start, of what did not close a client
	Load              int                           // level of the memory gate: 0 is normal, 3 the worst
	connectors.Counts                               // over all connectors
	Listeners         []ListenerStats
}

// ListenerStats are the numbers of one address.
type ListenerStats struct {
	Connector   string
	Addr        string
	Accepting   bool
	Connections int    // now
	Accepted    uint64 // since the start
	Failed      uint64 // accepts, since the start
}

// Stats counts. It stops nobody, and its cost does not depend on how many clients there are.
func (r *Running) Stats() Stats {
	n := r.node
	s := Stats{
		Users: n.directory.count(), Ready: int(n.readies.Load()), Load: int(n.level.Load()),
		Closed: map[messages.Cause]uint64{}, Faults: map[messages.FaultKind]uint64{},
	}
	for kind := range n.faults.totals {
		if c := n.faults.totals[kind].Load(); c > 0 {
			s.Faults[messages.FaultKind(kind)] = c
		}
	}
	for _, c := range n.Connectors {
		s.Counts = s.Plus(countsOf(c))
	}
	for cause := range n.causes {
		if c := n.causes[cause].Load(); c > 0 {
			s.Closed[messages.Cause(cause)] = c
		}
	}
	for _, p := range r.places {
		closed := p.closes.Load() // before opens, so that their difference is not negative
		l := ListenerStats{Connector: p.name, Addr: p.addr, Accepting: p.accepting.Load(), Accepted: p.opens.Load(), Failed: p.failed.Load()}
		l.Connections = int(l.Accepted - closed)
		s.Connections += l.Connections
		s.Accepted += l.Accepted
		s.Listeners = append(s.Listeners, l)
	}
	return s
}

// countsOf asks a connector who did not come in; it may be a user's.
func countsOf(c connectors.Connector) (counts connectors.Counts) {
	if c, ok := c.(connectors.Counter); ok {
		_ = safely(func() error { counts = c.Counts(); return nil })
	}
	return counts
}

// Ready tells whether clients can come in on every address; the error says why not.
func (r *Running) Ready() error {
	if r.node.draining.Load() && !r.node.stopping.Load() {
		return ErrDraining
	}
	for _, p := range r.places {
		if err := p.health(); err != nil {
			return err
		}
	}
	return nil
}
