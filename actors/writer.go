package actors

import (
	"github.com/fairlead-go/fairlead/connectors"
)

// ticked is called on the batcher's tick. It tells whether the caller has become the link's writer.
func (l *link) ticked() (write bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.waiting = false
	return l.out.batch != nil && l.claim()
}

// flush does not wait for the tick.
func (l *link) flush() {
	if l.ticked() {
		l.crew.schedule(l)
	}
}

// wakeWriter is called with mu held.
func (l *link) wakeWriter() {
	if l.claim() {
		l.crew.schedule(l)
	}
}

// claim is called with mu held. It makes the caller the link's only writer, who writes, or
// has the crew do it.
func (l *link) claim() bool {
	if l.out.writing || l.closed {
		return false
	}
	l.out.writing = true
	l.live.Add(1)
	return true
}

// writeSoon is for who has claimed the writing and has nothing else to gather.
func (l *link) writeSoon() {
	l.mu.Lock()
	f := l.board()
	l.mu.Unlock()
	l.writeNow(f)
}

// flight is what is written at once, on the goroutine of who has claimed the writing. The zero flight is for
// Conns that cannot, and for who has nothing to write any more.
type flight struct {
	to      connectors.Prompt
	control []byte
	batch   *batch
}

// board is called with mu held. It takes what waits.
func (l *link) board() (f flight) {
	to, ok := l.conn.(connectors.Prompt)
	if !ok {
		return f
	}
	if f.control, f.batch = l.out.take(); f.batch != nil {
		f.to = to
	}
	return f
}

// writeNow writes a flight if the wire can do that without waiting. The crew does what is left.
func (l *link) writeNow(f flight) {
	if f.to == nil || !l.tryWrite(f) {
		l.crew.schedule(l)
	}
}

// tryWrite returns false when the crew is to go on.
func (l *link) tryWrite(f flight) bool {
	packages := f.batch.wire(f.control)
	taken, rest := false, false
	l.guarded(func() { taken, rest = f.to.TryWrite(packages) })

	l.mu.Lock()
	if !taken {
		l.out.putBack(f.control, f.batch)
		l.mu.Unlock()
		return false
	}
	l.out.keep(f.batch.release())
	l.out.rest = rest
	l.written += uint64(l.out.landed())
	relieved, done := l.relieved(), l.finished()
	l.mu.Unlock()
	if relieved {
		l.tellPressure()
	}
	return done
}

// finished is called with mu held, by a writer that has written at once. It tells whether nothing
// is left to write.
func (l *link) finished() bool {
	if l.out.rest || l.out.batch != nil || l.out.control != nil || l.out.sealed {
		return false
	}
	l.out.writing = false
	l.leave()
	return true
}

// write runs on a goroutine of the crew for as long as there is something to write.
func (l *link) write() {
	defer l.leave()
	l.guarded(func() {
		var done *batch
		for ok := true; ok; {
			done, ok = l.writeBatch(done)
		}
	})
}

// writeBatch notes that the batch before has been written, under the lock that it needs anyway,
// and writes what has gathered meanwhile. It is not ok when there is nothing, or when writing fails.
func (l *link) writeBatch(before *batch) (done *batch, ok bool) {
	control, b := l.nextBatch(before)
	if b == nil {
		return nil, false
	}
	err := l.conn.Write(b.wire(control))
	if err != nil {
		l.crash()
		l.end(writeReason(err))
		return nil, false
	}
	return b.release(), true
}

// crash notes that a write has failed: nobody waits for it to land.
func (l *link) crash() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.failed = true
}

// nextBatch takes what is to be written now. With nothing left the writer is done, and a link
// that was only to write the rest ends.
func (l *link) nextBatch(before *batch) (control []byte, b *batch) {
	l.mu.Lock()
	l.written += uint64(l.out.landed())
	l.airborne = 0
	l.out.keep(before)
	control, b = l.out.take()
	relieved := l.relieved()
	if b != nil {
		l.takeOff()
		l.mu.Unlock()
	} else {
		l.out.writing = false
		sealed, last := l.out.sealed, l.out.last
		l.mu.Unlock()
		if sealed {
			l.end(*last)
		}
	}
	if relieved {
		l.tellPressure()
	}
	return control, b
}
