package memory

import "github.com/fairlead-go/fairlead/connectors"

var _ connectors.Deliverer = (*deliverer)(nil)

// deliverer is a conn that reads itself, on a goroutine that lives while there is something to read. It is
// not the client's own: that one writes into the pipe, whose deadlines and Close let it go, while
// the server may hold what it is brought for as long as it likes.
type deliverer struct {
	*conn
	to connectors.Sink
}

// Deliver has all packages brought to a sink, those that wait already first.
func (d *deliverer) Deliver(to connectors.Sink) {
	d.to = to
	d.end.bringBy(d.bring)
}

// bring reads until nothing is left; the rest of a package begun is waited for. Once the sink wants
// no more it is as if nobody read.
func (d *deliverer) bring() {
	for {
		frames, err := d.ReadFrames()
		if !d.to.Take(frames, err) || err != nil {
			return
		}
		d.forget()
		if !d.stream.Pending() && !d.end.left() {
			return
		}
	}
}
