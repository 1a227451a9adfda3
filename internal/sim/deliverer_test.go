package sim_test

import "github.com/fairlead-go/fairlead/connectors"

// deliverer is the wire of a client whose Conn brings what it sends. There is no ReadFrames that
// could panic: Deliver does instead, and Transport when the client has moved.
type deliverer struct {
	*conn
	to connectors.Sink
}

func (d *deliverer) Deliver(to connectors.Sink) {
	d.use("Deliver")
	d.client.trip("panicReadFrames")
	d.to = to
	d.Conn.(connectors.Deliverer).Deliver(d)
}

// Take passes on what is brought. The client moves each time, to where it is. Every other one lends a goroutine.
func (d *deliverer) Take(frames []connectors.Frame, err error) (more bool) {
	d.to.Moved()
	if d.client.no%2 == 0 {
		more = d.to.Take(frames, err)
	} else {
		turn := &connectors.Turn{}
		more = turn.Take(d.to, frames, err)
		go turn.Do()
	}
	if more {
		d.use("Take")
	}
	return more
}

// Moved is not called by the memory connector.
func (d *deliverer) Moved() {}

func (d *deliverer) Transport() string {
	if d.to != nil {
		d.client.trip("panicReadFrames")
	}
	return d.Conn.Transport()
}
