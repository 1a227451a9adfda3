package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// flushTime is how long a link that is about to close may take to write what waits.
const flushTime = time.Second

// kick closes the link when what waits has been written. With a codec that has a
// word for it the client is told why, when k is not nil.
func (l *link) kick(r connectors.Reason, k *messages.Kick, from *actor.PID) {
	var last *entry
	if codec := l.currentCodec(); k != nil && codec != nil {
		last = newEntry()
		if l.encode(last, func(dst []byte) ([]byte, error) { return codec.AppendKick(dst, k) }) != nil {
			last = nil
		}
	}
	if from != nil && !l.remember(from) {
		l.root.Send(from, &messages.Kicked{SessionId: l.session.Load().Id})
	}
	l.seal(r, last)
}

// remember notes who is to be told when the link has closed, unless it has.
func (l *link) remember(kicker *actor.PID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.rarely().kickers = append(l.rarely().kickers, kicker)
	return true
}

// seal lets the outbox take nothing more after last. The link ends when all is
// written, or when flushTime is over, or as soon as the client is seen to be stuck.
func (l *link) seal(r connectors.Reason, last *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out.sealed || l.reason != nil {
		return
	}
	if last != nil && len(last.bytes) > 0 {
		l.out.add(last)
		l.out.farewell = true
	}
	l.out.sealed, l.out.last = true, &r
	age := l.age(time.Now())
	l.rarely().end = age + flushTime
	l.wakeWriter()
	if l.ringBy(l.seldom.end); l.airborne != 0 {
		l.ringBy(age) // is it stuck?
	}
}
