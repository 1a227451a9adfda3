package actors

import (
	"errors"
	"fmt"

	"github.com/fairlead-go/fairlead/messages"
)

// Stats is what goes on, counted while it goes on: the numbers belong to
// about the same moment.
type Stats struct {
	Connections int                       // now, handshake done or not
	Ready       int                       // of these, handshake done
	Users       int                       // bound
	Accepted    uint64                    // since the start
	Closed      map[messages.Cause]uint64 // since the start, by cause
	Listeners   []ListenerStats
}

// ListenerStats are the numbers of one address.
type ListenerStats struct {
	Connector   string
	Addr        string
	Accepting   bool
	Connections int    // now
	Accepted    uint64 // since the start
}

// Stats counts. It stops nobody, and its cost does not depend on how many clients there are.
func (r *Running) Stats() Stats {
	n := r.node
	s := Stats{Users: n.directory.count(), Ready: int(n.readies.Load()), Closed: map[messages.Cause]uint64{}}
	for cause := range n.causes {
		if c := n.causes[cause].Load(); c > 0 {
			s.Closed[messages.Cause(cause)] = c
		}
	}
	for _, p := range r.places {
		closed := p.closes.Load() // before opens, so that their difference is not negative
		l := ListenerStats{Connector: p.name, Addr: p.addr, Accepting: p.accepting.Load(), Accepted: p.opens.Load()}
		l.Connections = int(l.Accepted - closed)
		s.Connections += l.Connections
		s.Accepted += l.Accepted
		s.Listeners = append(s.Listeners, l)
	}
	return s
}

// ErrStopping is why a server that stops is not ready.
var ErrStopping = errors.New("actors: stopping")

// Ready tells whether clients can come in on every address; the error says why not.
func (r *Running) Ready() error {
	for _, p := range r.places {
		switch {
		case p.closing.Load():
			return ErrStopping
		case !p.accepting.Load():
			return fmt.Errorf("actors: connector %q does not accept on %s", p.name, p.addr)
		}
	}
	return nil
}
