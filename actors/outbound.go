package actors

import (
	"fmt"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// respond answers the request of m.Seq, unless it has been answered or has expired.
func (l *link) respond(m *messages.Response) {
	l.mu.Lock()
	t, ok := l.slots.release(m.Seq)
	if ok {
		l.owed.Add(1)
		l.wakeReader()
	}
	codec := l.codec
	l.mu.Unlock()
	if !ok {
		l.stale()
		return
	}
	if !t.notify {
		l.answer(codec, t.origin, m)
	}
	l.owed.Add(-1)
	l.mayDepart()
}

// reply is respond for who knows what the slot does: it holds the lock once. g may be nil: see store.
func (l *link) reply(codec connectors.Codec, to connectors.Origin, m *messages.Response, g *gather) {
	e := l.encodeResponse(codec, to, m)
	l.mu.Lock()
	if _, ok := l.slots.release(m.Seq); !ok {
		l.mu.Unlock()
		if e != nil {
			e.release()
		}
		l.stale()
		return
	}
	l.wakeReader()
	if e != nil {
		l.store(e, true, g)
	} else {
		l.mu.Unlock()
	}
	l.mayDepart()
}

// stale counts an answer that nobody waits for any more.
func (l *link) stale() {
	l.fault(messages.FaultStale, scene{connector: l.name, session: l.session.Load().Id})
}

// answer sends the response to what o remembers.
func (l *link) answer(codec connectors.Codec, o connectors.Origin, m *messages.Response) {
	if e := l.encodeResponse(codec, o, m); e != nil {
		l.put(e, true)
	}
}

// encodeResponse makes a response's entry. One that cannot be encoded becomes code 500.
func (l *link) encodeResponse(codec connectors.Codec, o connectors.Origin, m *messages.Response) *entry {
	if codec == nil {
		return nil
	}
	e := newEntry()
	err := l.encode(e, func(dst []byte) ([]byte, error) { return codec.AppendResponse(dst, o, m) })
	if err != nil {
		if l.fault(messages.FaultEncode, scene{l.name, o.Route, l.session.Load().Id, err}) {
			l.log.Warn("response not encoded", "route", o.Route, "socket", l.pid.Id, "error", err)
		}
		fail := &messages.Response{Error: messages.AsError(nil)}
		if l.encode(e, func(dst []byte) ([]byte, error) { return codec.AppendResponse(dst, o, fail) }) != nil {
			return nil
		}
	}
	return e
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
	e.key, e.lossy = p.Key, p.Lossy
	if err := l.encode(e, func(dst []byte) ([]byte, error) { return codec.AppendPush(dst, p) }); err != nil {
		if l.fault(messages.FaultEncode, scene{l.name, p.Route, l.session.Load().Id, err}) {
			l.log.Warn("push not encoded", "route", p.Route, "socket", l.pid.Id, "error", err)
		}
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
	l.store(e, now, nil)
}

// store is called with mu held, and releases it. What is to be written now, but not the last that the client
// waits for, may be held by g, unless that is nil.
func (l *link) store(e *entry, now bool, g *gather) {
	if e.key != "" {
		l.out.drop(e.scope, e.key)
	}
	next := l.enqueue(e, now)
	lone, f := l.slots.used() == 0, flight{}
	if lone && next&toBeWritten != 0 {
		f = l.board()
	}
	l.mu.Unlock()
	if next&toBeListed != 0 {
		l.waiting[l.batcher.k].add(l)
	}
	switch {
	case next&toBeWritten == 0:
		if lone && g != nil && g.holds(l) {
			g.flush()
		}
	case lone:
		l.writeNow(f)
	case g != nil:
		g.hold(l)
	default:
		l.crew.schedule(l) // more to come gathers meanwhile
	}
	l.strained(next)
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
	case next == 0:
		return nil
	case next&toBeWritten != 0:
		l.crew.schedule(l)
	case next&toBeListed != 0 && s.batcher:
		l.waiting[l.batcher.k].addOwn(l)
	case next&toBeListed != 0:
		l.waiting[l.batcher.k].add(l)
	}
	l.strained(next)
	return nil
}

// outcome is what is left to do for a link when an entry has been queued.
type outcome int

const (
	toBeListed  outcome = 1 << iota // with its batcher, for the tick
	toBeWritten                     // now: the caller has become its writer
	toBeClosed                      // it is too slow to take more
	toBeTold                        // publishers: more waits than it takes
	toBeShed                        // lossy pushes have been dropped: to be counted
)

// enqueue is called with mu held.
func (l *link) enqueue(e *entry, now bool) (next outcome) {
	if l.out.sealed || l.reason != nil {
		return 0
	}
	if l.out.load()+e.cost() > l.softLimit() || e.lossy && l.shedding() {
		var refused bool
		if next, refused = l.strain(e); refused {
			return next
		}
		now = now || l.out.load()+e.cost() > l.softLimit()
	}
	if e.own && l.out.flying > 0 { // else it does not wait for the client
		e.made = max(l.now(), 1)
	}
	l.out.add(e)
	switch {
	case now && l.claim():
		next |= toBeWritten
	case now:
	case !l.out.waiting && !l.out.writing:
		l.out.waiting = true
		next |= toBeListed
	}
	return next
}

// sendControl queues the protocol's own packages ahead of all messages.
func (l *link) sendControl(packages []byte) {
	l.mu.Lock()
	slow := l.putControl(packages)
	l.mu.Unlock()
	l.release(slow)
}

// putControl is called with mu held. Somebody must release what it has put there.
func (l *link) putControl(packages []byte) (slow bool) {
	slow = len(l.out.control)+len(packages) > l.OutboxHard // it asks and does not read
	if !slow && l.reason == nil && !l.out.sealed {
		l.out.control = append(l.out.control, packages...)
		l.out.bytes += len(packages)
	}
	return slow
}

// release has control written, at once if the wire takes it, or ends a client that does not take it.
func (l *link) release(slow bool) {
	l.mu.Lock()
	mine, f := l.out.control != nil && l.claim(), flight{}
	if mine {
		f = l.board()
	}
	l.mu.Unlock()
	if mine {
		l.writeNow(f)
	}
	if slow {
		l.tooSlow("outbox full")
	}
}
