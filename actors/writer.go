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
	l.live++
	return true
}

// writeSoon is for who has claimed the writing and has nothing else to gather.
func (l *link) writeSoon() {
	if !l.writeAtOnce() {
		l.crew.schedule(l)
	}
}

// writeAtOnce writes what waits, on the goroutine of who has claimed the writing, if the wire
// can do that without waiting. It returns false when the crew is to go on.
func (l *link) writeAtOnce() bool {
	conn, ok := l.conn.(connectors.Prompt)
	if !ok {
		return false
	}
	l.mu.Lock()
	control, b := l.out.take()
	if b == nil { // dropped meanwhile
		l.mu.Unlock()
		return false
	}
	l.mu.Unlock()

	packages := b.wire(control)
	taken, rest := false, false
	l.guarded(func() { taken, rest = conn.TryWrite(packages) })

	l.mu.Lock()
	if !taken {
		l.out.putBack(control, b)
		l.mu.Unlock()
		return false
	}
	l.out.keep(b.release())
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
	l.left()
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
		l.end(writeReason(err))
		return nil, false
	}
	return b.release(), true
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
