package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// flushTime is how long a link that is about to close may take to write what waits.
const flushTime = time.Second

// respond answers the request of m.Seq, unless it has been answered or has expired.
func (l *link) respond(m *messages.Response) {
	l.mu.Lock()
	t, ok := l.slots.release(m.Seq)
	if ok {
		l.wakeReader()
	}
	codec := l.codec
	l.mu.Unlock()
	if ok && !t.notify {
		l.answer(codec, t.origin, m)
	}
}

// answer sends the response to what o remembers. One that cannot be encoded becomes code 500.
func (l *link) answer(codec connectors.Codec, o connectors.Origin, m *messages.Response) {
	if codec == nil {
		return
	}
	e := newEntry()
	err := l.encode(e, func(dst []byte) ([]byte, error) { return codec.AppendResponse(dst, o, m) })
	if err != nil {
		l.log.Warn("response not encoded", "route", o.Route, "socket", l.pid.Id, "error", err)
		fail := &messages.Response{Error: messages.AsError(nil)}
		if l.encode(e, func(dst []byte) ([]byte, error) { return codec.AppendResponse(dst, o, fail) }) != nil {
			return
		}
	}
	l.put(e, true)
}

// push sends p, which waits for the tick unless it is urgent.
func (l *link) push(p *messages.Push) {
	if e := l.encodePush(p); e != nil {
		l.put(e, p.Urgent || l.tick < 0)
	}
}

// sendBatch sends several pushes at once.
func (l *link) sendBatch(m *messages.SendBatch) {
	for _, p := range m.Pushes {
		if e := l.encodePush(p); e != nil {
			l.put(e, false)
		}
	}
	l.flush()
}

func (l *link) encodePush(p *messages.Push) *entry {
	codec := l.currentCodec()
	if codec == nil {
		return nil
	}
	e := newEntry()
	e.key = p.Key
	if err := l.encode(e, func(dst []byte) ([]byte, error) { return codec.AppendPush(dst, p) }); err != nil {
		l.log.Warn("push not encoded", "route", p.Route, "socket", l.pid.Id, "error", err)
		return nil
	}
	return e
}

// encode fills e. A codec that panics has an error.
func (l *link) encode(e *entry, appendTo func([]byte) ([]byte, error)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("actors: panic in the codec: %v", p)
		}
	}()
	b, err := appendTo(e.bytes[:0])
	if err == nil {
		e.bytes = b
	}
	return err
}

func (l *link) currentCodec() connectors.Codec {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codec
}

// put is the one door into the outbox for what is made for this client alone.
func (l *link) put(e *entry, now bool) {
	l.mu.Lock()
	if e.key != "" {
		l.out.drop(e.scope, e.key)
	}
	next := l.enqueue(e, now)
	lone := l.slots.used() == 0
	l.mu.Unlock()
	switch next {
	case toBeClosed:
		l.tooSlow()
	case toBeListed:
		l.waiting[l.batcher.k].add(l)
	case toBeWritten:
		// More to come gathers while the crew writes; a lone answer need not wait for it.
		if !lone || !l.writeAtOnce() {
			l.crew.schedule(l)
		}
	}
}

// offer takes an entry that was made for many. When the client's codec is another one it
// takes nothing, and returns that codec.
func (l *link) offer(s *sharedEntry, now, search bool) (other connectors.Codec) {
	l.mu.Lock()
	if l.codec != s.codec {
		other = l.codec
		l.mu.Unlock()
		return other
	}
	if s.entry == nil { // not ready yet
		l.mu.Unlock()
		return nil
	}
	if search {
		l.out.drop(s.scope, s.entry.key)
	}
	next := l.enqueue(s.entry, now)
	l.mu.Unlock()
	switch {
	case next == toBeClosed:
		l.tooSlow()
	case next == toBeListed && s.batcher:
		l.waiting[l.batcher.k].addOwn(l)
	case next == toBeListed:
		l.waiting[l.batcher.k].add(l)
	case next == toBeWritten:
		l.crew.schedule(l)
	}
	return nil
}

// What is left to do for a link when an entry has been queued.
type outcome int

const (
	nothing     outcome = iota
	toBeListed          // with its batcher, for the tick
	toBeWritten         // now: the caller has become its writer
	toBeClosed          // it is too slow to take more
)

// enqueue is called with mu held.
func (l *link) enqueue(e *entry, now bool) outcome {
	switch {
	case l.out.sealed || l.reason != nil:
		return nothing
	case l.out.bytes > 0 && l.out.bytes+len(e.bytes) > l.OutboxHard:
		return toBeClosed
	}
	l.out.add(e)
	switch {
	case now && l.claim():
		return toBeWritten
	case now:
	case !l.out.waiting && !l.out.writing:
		l.out.waiting = true
		return toBeListed
	}
	return nothing
}

func (l *link) tooSlow() {
	l.end(connectors.Reason{Cause: messages.CauseSlow, Text: "outbox full"})
}

// sendControl queues the protocol's own packages ahead of all messages.
func (l *link) sendControl(packages []byte) {
	l.mu.Lock()
	slow := len(l.out.control)+len(packages) > l.OutboxHard
	if !slow && l.reason == nil && !l.out.sealed {
		l.out.control = append(l.out.control, packages...)
		l.out.bytes += len(packages)
		l.wakeWriter()
	}
	l.mu.Unlock()
	if slow {
		l.tooSlow()
	}
}

// kick closes the link when what waits has been written. With a codec that has a
// word for it the client is told why, when tell is set.
func (l *link) kick(r connectors.Reason, tell bool, from *actor.PID) {
	var last *entry
	if codec := l.currentCodec(); tell && codec != nil {
		last = newEntry()
		if l.encode(last, func(dst []byte) ([]byte, error) { return codec.AppendKick(dst, &messages.Kick{Reason: r.Text}) }) != nil {
			last = nil
		}
	}
	if from != nil {
		l.mu.Lock()
		l.kickers = append(l.kickers, from)
		l.mu.Unlock()
	}
	l.seal(r, last)
}

// seal lets the outbox take nothing more after last. The link ends when all is
// written, or when flushTime is over.
func (l *link) seal(r connectors.Reason, last *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out.sealed || l.reason != nil {
		return
	}
	if last != nil && len(last.bytes) > 0 {
		l.out.add(last)
	}
	l.out.sealed, l.out.last = true, r
	time.AfterFunc(flushTime, func() { l.end(r) })
	l.wakeWriter()
}

// flush is called on the batcher's tick.
func (l *link) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.waiting = false
	if l.out.batch != nil {
		l.wakeWriter()
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
	l.flying = uint64(len(b.entries))
	l.mu.Unlock()

	packages, n := b.wire(control), 0
	for _, p := range packages {
		n += len(p)
	}
	taken, rest := false, false
	l.guarded(func() { taken, rest = conn.TryWrite(packages) })

	l.mu.Lock()
	defer l.mu.Unlock()
	l.flying = 0
	if !taken {
		l.out.putBack(control, b)
		return false
	}
	l.written += uint64(n)
	l.out.keep(b.release())
	if l.out.rest = rest; rest || l.out.batch != nil || l.out.control != nil || l.out.sealed {
		return false
	}
	l.out.writing = false
	if l.live--; l.live == 0 && l.closed {
		l.links.Done()
	}
	return true
}

// write runs on a goroutine of the crew for as long as there is something to write.
func (l *link) write() {
	defer l.leave()
	l.guarded(func() {
		var t turn
		for ok := true; ok; {
			t, ok = l.writeBatch(t)
		}
	})
}

// turn is what one write leaves to be noted, under the lock that the next one takes.
type turn struct {
	bytes int
	empty *batch
}

// writeBatch notes the write before and writes what has gathered meanwhile. It is not ok when
// there is nothing, or when writing fails.
func (l *link) writeBatch(before turn) (t turn, ok bool) {
	l.mu.Lock()
	l.written += uint64(before.bytes)
	l.out.keep(before.empty)
	control, b := l.out.take()
	if b == nil {
		l.out.writing, l.flying = false, 0
		sealed, last := l.out.sealed, l.out.last
		l.mu.Unlock()
		if sealed {
			l.end(last)
		}
		return turn{}, false
	}
	l.flying = uint64(len(b.entries))
	l.mu.Unlock()

	packages := b.wire(control)
	for _, p := range packages {
		t.bytes += len(p)
	}
	err := l.conn.Write(packages)
	t.empty = b.release()
	if err != nil {
		l.end(connectors.Reason{Cause: messages.CauseNetwork, Text: err.Error()})
	}
	return t, err == nil
}
