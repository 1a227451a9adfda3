package actors

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// end is how every link ends: the first reason counts. The actor is stopped, and the
// shard, when it learns of that, closes the link.
func (l *link) end(r connectors.Reason) {
	l.mu.Lock()
	first := l.reason == nil
	if first {
		l.reason = &r
		l.over.Store(true)
		l.quiet()
		l.wakeReader()
	}
	l.mu.Unlock()
	if first {
		l.root.Stop(l.pid)
	}
}

// ready tells whether the client has come in and is not on its way out. A link that
// cannot be found any more is not.
func (l *link) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codec != nil && l.reason == nil
}

func (l *link) ended() bool { return l.over.Load() }

// close is called by the shard, once, when the socket's actor is gone.
func (l *link) close() {
	l.land()
	l.mu.Lock()
	if l.reason == nil { // somebody stopped the actor, not the link
		l.reason = &connectors.Reason{Cause: messages.CauseClosed, Text: "actor stopped"}
		if l.stopping.Load() { // who has stopped all
			*l.reason = stopped
		}
	}
	if l.reason.Cause == messages.CauseClient && l.out.farewell && l.out.aloft+l.out.messages() == 0 {
		l.reason = l.out.last // it has read why it is to go, and has gone
	}
	reason := *l.reason
	l.closed = true
	l.over.Store(true)
	l.quiet()
	if l.cancel != nil {
		l.cancel()
	}
	l.wakeReader()
	ev, flushed := l.account(reason)
	ready, kickers := l.codec != nil, l.some().kickers
	if ready && !l.greeted { // it is told in that order
		l.rarely().goodbye = ev
	}
	told := ready && l.some().goodbye == nil
	l.slots.releaseAll()
	l.codec, l.slots, l.out.batch = nil, slots{}, nil
	if l.seldom != nil {
		l.seldom.kickers, l.seldom.pressing = nil, nil
	}
	heir, _ := l.proto.(connectors.Testator)
	if heir != nil && ready {
		l.live.Add(1) // until it has been routed
	}
	l.mu.Unlock()
	defer l.leave()

	l.unbound(ev.Session)
	l.guarded(func() { l.conn.Close(reason) })
	for _, pid := range kickers {
		l.root.Send(pid, &messages.Kicked{SessionId: ev.Session.Id, Flushed: flushed})
	}
	if heir != nil && ready {
		l.lastWill(heir, reason)
	}
	for _, pid := range l.sessionRoutes {
		l.root.Send(pid, &sessionOver{ev.Session.Id})
	}
	publish(l.system, ev)
	l.causes[reason.Cause%causes].Add(1)
	if ready {
		l.readies.Add(-1)
	}
	if told {
		l.tell(ev)
	}
	l.exit.gone(ready, ev)
}

// How long a write that its client does not hold up may take to be noted.
const (
	landEvery = 100 * time.Microsecond
	landMost  = 100 // looks
)

// land waits until it has been noted what the wire has taken: a client that reads its last message may hang up
// before the writer has come back.
func (l *link) land() {
	m, ok := l.conn.(connectors.Meter)
	for range landMost {
		l.mu.Lock()
		flies := l.out.flying > 0 && !l.out.failed
		l.mu.Unlock()
		var stalled time.Time
		if !ok || !flies || safely(func() error { _, stalled = m.Progress(); return nil }) != nil || !stalled.IsZero() {
			return
		}
		time.Sleep(landEvery)
	}
}

// account is called with mu held. It sums a link up, and tells whether all was written that was to
// be, a farewell included.
func (l *link) account(r connectors.Reason) (ev *messages.Closed, flushed bool) {
	ev = &messages.Closed{
		Session: l.session.Load(), Cause: r.Cause, Reason: r.Text, Duration: int64(l.since(time.Now())),
		BytesIn: l.read.Load(), BytesOut: l.written,
		Unsent: l.out.aloft + l.out.messages(), Unanswered: uint64(l.slots.used()),
	}
	written := l.out.sealed && ev.Unsent == 0
	ev.Told = written && l.out.farewell
	if h, ok := l.conn.(connectors.Holder); ok {
		_ = safely(func() error { ev.Unsent += uint64(max(h.Held(), 0)); return nil })
	}
	return ev, written && ev.Unsent == 0
}

// leave counts a goroutine of the link out, or the link as it is closed. The last one lets go of the node.
func (l *link) leave() {
	if l.live.Add(-1) == 0 {
		l.links.Done()
	}
}

// join counts a goroutine in, unless nothing is left of the link.
func (l *link) join() bool {
	for n := l.live.Load(); n > 0; n = l.live.Load() {
		if l.live.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// writeReason tells why writing ended.
func writeReason(err error) connectors.Reason {
	cause := messages.CauseNetwork
	switch {
	case errors.Is(err, connectors.ErrSlow):
		cause = messages.CauseSlow
	case errors.Is(err, connectors.ErrReplaced):
		cause = messages.CauseReplaced
	}
	return connectors.Reason{Cause: cause, Text: err.Error()}
}

// readReason tells why reading ended.
func readReason(err error) connectors.Reason {
	for _, c := range []struct {
		err   error
		cause messages.Cause
	}{
		{io.EOF, messages.CauseClient},
		{connectors.ErrTooLarge, messages.CauseTooLarge},
		{connectors.ErrMalformed, messages.CauseMalformed},
		{connectors.ErrStalled, messages.CauseStalled},
		{connectors.ErrSilent, messages.CauseHeartbeatTimeout},
		{connectors.ErrSlow, messages.CauseSlow},
		{connectors.ErrReplaced, messages.CauseReplaced},
		{net.ErrClosed, messages.CauseClosed},
	} {
		if errors.Is(err, c.err) {
			return connectors.Reason{Cause: c.cause, Text: err.Error()}
		}
	}
	return connectors.Reason{Cause: messages.CauseNetwork, Text: err.Error()}
}
