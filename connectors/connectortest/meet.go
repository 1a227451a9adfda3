package connectortest

import "github.com/fairlead-go/fairlead/connectors"

// client is both ends of one that has come in.
func (r *rig) client(tune ...func(*near)) (*far, *near) {
	r.Helper()
	f := r.dial()
	return f, r.admit(f, tune...)
}

// admit has a client that has dialled come in, and is its near end.
func (r *rig) admit(f *far, tune ...func(*near)) *near {
	r.Helper()
	joined := f.joining()
	n := r.meet(r.accepted())
	for _, t := range tune {
		t(n)
	}
	n.start()
	err, ok := next(r.Patience, joined)
	if !ok || err != nil {
		r.fatal("Protocol", "a client did not come in within %v (%v)", r.Patience, err)
	}
	if _, ok := next(r.Patience, n.ready); !ok {
		r.fatal("Step", "Client.Join has returned, and no Step has set Codec within %v%s", r.Patience, n.excuse())
	}
	return n
}

// accepted is the next client to come in.
func (r *rig) accepted() connectors.Conn {
	r.Helper()
	c, ok := next(r.Patience, r.conns)
	if !ok {
		r.fatal("Listener", "Accept did not return a client that dialled within %v", r.Patience)
	}
	return c
}

// meet makes the near end of a Conn. It is started by start.
func (r *rig) meet(c connectors.Conn) *near {
	n := &near{
		rig: r, conn: c, proto: r.connector.Protocol(c),
		ready: make(chan struct{}), requests: make(chan connectors.Inbound, 16384), ended: make(chan error, 8),
		done: make(chan struct{}), stop: make(chan struct{}),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nears = append(r.nears, n)
	return n
}
