package actors

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/fairlead-go/fairlead/connectors"
)

// entry is one message on its way out, encoded. Its bytes are shared by all who
// are sent the same.
type entry struct {
	bytes []byte
	key   string // while it waits, a newer entry of the same scope with this key replaces it
	scope string // of the group that it was pushed to; empty: to the client itself
	// replaced is set by the batcher when all who hold the entry hold a newer one as well.
	replaced atomic.Bool
	own      bool // made for one client: its memory is used again once written
}

// newEntry returns an entry for a single client, whose bytes may be appended to.
func newEntry() *entry { return entries.Get().(*entry) }

// Pools of what a message needs on its way out. They hold memory, no state.
var (
	entries = sync.Pool{New: func() any { return &entry{own: true} }}
	batches = sync.Pool{New: func() any { return new(batch) }}
)

const (
	entryKeep = 4 << 10 // larger buffers are not kept for use again
	batchKeep = 1 << 10 // entries
)

// batch is what leaves in one write.
type batch struct {
	entries []*entry
	bufs    net.Buffers
}

// wire is the batch as the Conn wants it, what comes first first.
func (b *batch) wire(control []byte) net.Buffers {
	b.bufs = b.bufs[:0]
	if len(control) > 0 {
		b.bufs = append(b.bufs, control)
	}
	for _, e := range b.entries {
		if !e.replaced.Load() {
			b.bufs = append(b.bufs, e.bytes)
		}
	}
	return b.bufs
}

// release gives back the memory of the batch's entries, and returns the batch, empty, or
// nil when it is too large to be kept.
func (b *batch) release() *batch {
	for _, e := range b.entries {
		if e.own && cap(e.bytes) <= entryKeep {
			e.bytes, e.key = e.bytes[:0], ""
			entries.Put(e)
		}
	}
	if cap(b.entries) > batchKeep {
		return nil
	}
	clear(b.entries)
	clear(b.bufs[:cap(b.bufs)])
	b.entries, b.bufs = b.entries[:0], b.bufs[:0]
	return b
}

// outbox holds what a client is to be sent, in the order it came in. The link's
// mutex guards it; while a write is under way the next batch gathers.
type outbox struct {
	control []byte // heartbeats and the like: ahead of all messages
	batch   *batch // nil while nothing waits
	spare   *batch // the one written last, kept while the client is not idle
	rest    bool   // the Conn has kept a rest, which a Write must write
	bytes   int    // waiting, control included
	writing bool   // the writer runs
	waiting bool   // listed with the batcher, which will wake the writer
	sealed  bool   // takes nothing more: the link closes when all is written
	last    connectors.Reason
}

// add appends e. It does not look at limits.
func (o *outbox) add(e *entry) {
	if o.batch == nil {
		o.batch = o.fresh()
	}
	b := o.batch
	if len(b.entries) == cap(b.entries) {
		o.compact()
	}
	b.entries = append(b.entries, e)
	o.bytes += len(e.bytes)
}

// compact drops what has been replaced, before memory grows because of it.
func (o *outbox) compact() {
	kept := o.batch.entries[:0]
	for _, e := range o.batch.entries {
		if e.replaced.Load() {
			o.bytes -= len(e.bytes)
		} else {
			kept = append(kept, e)
		}
	}
	clear(o.batch.entries[len(kept):])
	o.batch.entries = kept
}

// drop removes the waiting entry with that scope and key, if there is one.
func (o *outbox) drop(scope, key string) {
	if o.batch == nil {
		return
	}
	for i, e := range o.batch.entries {
		if e.key == key && e.scope == scope && !e.replaced.Load() {
			o.bytes -= len(e.bytes)
			o.batch.entries = append(o.batch.entries[:i], o.batch.entries[i+1:]...)
			return
		}
	}
}

// take hands over all that waits.
func (o *outbox) take() (control []byte, b *batch) {
	control, b = o.control, o.batch
	o.control, o.batch, o.bytes = nil, nil, 0
	if b == nil && (control != nil || o.rest) {
		b = o.fresh()
	}
	o.rest = false
	return control, b
}

// putBack is take undone: what has gathered meanwhile comes behind.
func (o *outbox) putBack(control []byte, b *batch) {
	o.control = append(control, o.control...)
	if o.batch != nil {
		b.entries = append(b.entries, o.batch.entries...)
		o.batch.entries = o.batch.entries[:0]
		o.keep(o.batch)
	}
	o.batch, o.bytes = b, len(o.control)
	for _, e := range b.entries {
		o.bytes += len(e.bytes)
	}
}

// fresh is an empty batch.
func (o *outbox) fresh() *batch {
	if b := o.spare; b != nil {
		o.spare = nil
		return b
	}
	return batches.Get().(*batch)
}

// keep takes an empty batch back; b may be nil.
func (o *outbox) keep(b *batch) {
	switch {
	case b == nil:
	case o.spare == nil:
		o.spare = b
	default:
		batches.Put(b)
	}
}

// relax lets go of what is only kept for a client that is not idle.
func (o *outbox) relax() {
	if o.spare != nil {
		batches.Put(o.spare)
		o.spare = nil
	}
}

// messages counts the messages that wait.
func (o *outbox) messages() (n uint64) {
	if o.batch != nil {
		for _, e := range o.batch.entries {
			if !e.replaced.Load() {
				n++
			}
		}
	}
	return n
}
