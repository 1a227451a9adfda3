package memory

import (
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
)

var _ connectors.Deliverer = (*deliverer)(nil)

// deliverer is a conn that reads itself, on a goroutine that lives while there is something to read. It is
// not the client's own: that one writes into the pipe, whose deadlines and Close let it go, while
// the server may hold what it is brought for as long as it likes.
type deliverer struct {
	conn
	to connectors.Sink
}

// Deliver has all packages brought to a sink, those that wait already first.
func (d *deliverer) Deliver(to connectors.Sink) {
	d.to = to
	d.end.bringBy(d.bring)
}

// lists are for frames: an idle client holds none.
var lists = sync.Pool{New: func() any { return new([]connectors.Frame) }}

// listKeep is how long a list is kept for use again.
const listKeep = 1 << 10

// bring reads until nothing is left; the rest of a package begun is waited for. Once the sink wants
// no more it is as if nobody read.
func (d *deliverer) bring() {
	list := lists.Get().(*[]connectors.Frame)
	for {
		d.frames = *list
		again := d.bringOnce()
		if *list = d.frames; cap(*list) > listKeep {
			*list = nil
		}
		d.frames = nil
		if !again || !d.stream.Pending() && !d.end.left() {
			break
		}
	}
	lists.Put(list)
}

// bringOnce brings what one read does, and tells whether more is wanted.
func (d *deliverer) bringOnce() (more bool) {
	frames, err := d.ReadFrames()
	more = d.to.Take(frames, err) && err == nil
	d.forget()
	return more
}
