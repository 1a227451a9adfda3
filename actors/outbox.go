package actors

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

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
	own      bool          // made for one client: its memory is used again once written
	lossy    bool          // may be dropped when too much waits
	made     time.Duration // when, since the node was; zero: before the write under way began
}

// newEntry returns an entry for a single client, whose bytes may be appended to.
func newEntry() *entry { return entries.Get().(*entry) }

// Pools of what a message needs on its way out. They hold memory, no state.
var (
	entries = sync.Pool{New: func() any { return &entry{own: true} }}
	batches = sync.Pool{New: func() any { return new(batch) }}
)

const (
	entryCost  = 128     // what a message for one client takes besides its bytes
	sharedCost = 16      // and one for many
	entryKeep  = 4 << 10 // larger buffers are not kept for use again
	batchKeep  = 1 << 10 // entries
	// writeMost is what one write takes, unless a single message is longer: what is being
	// written counts as waiting, so that a stuck client holds no more than its limit.
	writeMost = 64 << 10
)

// cost is what e adds to what waits: its bytes, and what it takes to keep it, which for a message
// of its own client includes a quarter for the buffer it was made in.
func (e *entry) cost() int {
	if n := len(e.bytes); e.own {
		return n + n/4 + entryCost
	}
	return len(e.bytes) + sharedCost
}

// release gives e's memory back, if it is nobody else's.
func (e *entry) release() {
	if e.own && cap(e.bytes) <= entryKeep {
		e.bytes, e.key, e.lossy, e.made = e.bytes[:0], "", false, 0
		entries.Put(e)
	}
}

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
		e.release()
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
	control  []byte // heartbeats and the like: ahead of all messages
	batch    *batch // nil while nothing waits
	spare    *batch // the one written last, kept while the client is not idle
	bytes    int    // cost of what waits, control included
	lossy    int    // of these, bytes that may be dropped
	flying   int    // cost of the write under way
	leaving  int    // bytes of it
	aloft    uint64 // messages of it
	rest     bool   // the Conn has kept a rest, which a Write must write
	writing  bool   // the writer runs
	failed   bool   // it has met an error: what flies will not land
	waiting  bool   // listed with the batcher, which will wake the writer
	sealed   bool   // takes nothing more: the link closes when all is written
	farewell bool   // and the last message says why
	pressed  bool   // over the soft limit: publishers have been told
	last     *connectors.Reason
}

// load is what counts against the limits: what waits and what is being written, of which a
// single long message counts as a part only.
func (o *outbox) load() int { return o.bytes + min(o.flying, writeMost) }

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
	o.count(e, 1)
}

// count adds e to the sums, or takes it off.
func (o *outbox) count(e *entry, sign int) {
	o.bytes += sign * e.cost()
	if e.lossy {
		o.lossy += sign * e.cost()
	}
}

// compact drops what has been replaced, before memory grows because of it.
func (o *outbox) compact() {
	o.thin(func(e *entry) bool { return e.replaced.Load() })
}

// shed drops lossy messages, the oldest first, until least bytes are freed, or there are
// none left. It returns how many.
func (o *outbox) shed(least int) (n int) {
	if o.lossy == 0 {
		return 0
	}
	goal := o.bytes - least
	o.thin(func(e *entry) bool {
		if !e.lossy || o.bytes <= goal {
			return false
		}
		n++
		return true
	})
	return n
}

// thin removes the waiting entries that drop says yes to.
func (o *outbox) thin(drop func(*entry) bool) {
	if o.batch == nil {
		return
	}
	kept := o.batch.entries[:0]
	for _, e := range o.batch.entries {
		if drop(e) {
			o.count(e, -1)
			e.release()
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
			o.count(e, -1)
			o.batch.entries = append(o.batch.entries[:i], o.batch.entries[i+1:]...)
			return
		}
	}
}

// take hands over what waits, or as much as one write takes.
func (o *outbox) take() (control []byte, b *batch) {
	control, b = o.control, o.batch
	switch {
	case b == nil && (control != nil || o.rest):
		b = o.fresh()
	case b != nil && o.bytes > writeMost:
		b = o.split(writeMost - len(control))
	default:
		o.batch = nil
	}
	o.control, o.rest = nil, false
	o.flying += len(control)
	o.leaving += len(control)
	for _, e := range b.list() {
		o.count(e, -1)
		o.flying += e.cost()
		if !e.replaced.Load() {
			o.leaving += len(e.bytes)
			o.aloft++
		}
	}
	o.bytes -= len(control)
	return control, b
}

// landed notes that the write under way has been done, and returns its bytes. While the Conn keeps
// a rest it has not.
func (o *outbox) landed() (bytes int) {
	if o.rest {
		return 0
	}
	bytes = o.leaving
	o.flying, o.leaving, o.aloft = 0, 0, 0
	return bytes
}

// list is the batch's entries; a nil batch has none.
func (b *batch) list() []*entry {
	if b == nil {
		return nil
	}
	return b.entries
}

// split takes entries of up to so many bytes off what waits, at least one.
func (o *outbox) split(most int) *batch {
	n, size := 0, 0
	for _, e := range o.batch.entries {
		if size += e.cost(); n > 0 && size > most {
			break
		}
		n++
	}
	if n == len(o.batch.entries) {
		b := o.batch
		o.batch = nil
		return b
	}
	b := o.fresh()
	b.entries = append(b.entries, o.batch.entries[:n]...)
	left := copy(o.batch.entries, o.batch.entries[n:])
	clear(o.batch.entries[left:])
	o.batch.entries = o.batch.entries[:left]
	return b
}

// putBack is take undone: what has gathered meanwhile comes behind.
func (o *outbox) putBack(control []byte, b *batch) {
	o.flying, o.leaving, o.aloft = 0, 0, 0
	o.control = append(control, o.control...)
	o.bytes += len(control)
	for _, e := range b.entries {
		o.count(e, 1)
	}
	if o.batch != nil {
		b.entries = append(b.entries, o.batch.entries...)
		o.batch.entries = o.batch.entries[:0]
		o.keep(o.batch)
	}
	o.batch = b
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
	case o.spare == nil && cap(b.entries) > 0: // else it is one for the protocol's own packages
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
	for _, e := range o.batch.list() {
		if !e.replaced.Load() {
			n++
		}
	}
	return n
}

// oldest is when the message that has waited longest was made. It is not ok when none waits.
func (o *outbox) oldest() (made time.Duration, ok bool) {
	for _, e := range o.batch.list() {
		if !e.replaced.Load() {
			return e.made, true
		}
	}
	return 0, false
}
