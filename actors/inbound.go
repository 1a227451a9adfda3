package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// receiver is where a request goes. ours: an actor that tells when a notify has been handled.
type receiver struct {
	pid      *actor.PID
	desk     *desk // of pid, if it is known
	ours     bool
	full     bool    // takeSlots has refused it
	answered bool    // nobody is to have it
	again    bool    // it may be sent a second time
	to       *target // to be told when the request has ended; nil where the mailbox counts
}

// holds tells whether the request has a slot: not when nobody answers it, nor when
// nobody would tell that it has been handled.
func (r receiver) holds(in *connectors.Inbound) bool {
	return r.pid != nil && (r.ours || !in.Notify)
}

// runLength is how many requests are looked at together.
const runLength = 32

// requests sends what one read brought to its routes, in order. It returns false when the
// link ends while it waits for slots.
func (l *link) requests(in []connectors.Inbound, now time.Time) bool {
	for len(in) > 0 {
		n := l.paced(min(len(in), runLength), &now)
		if n == 0 || !l.sendRun(in[:n], &now) {
			return false
		}
		in = in[n:]
	}
	return true
}

func (l *link) sendRun(in []connectors.Inbound, now *time.Time) bool {
	var to [runLength]receiver
	session := l.who()
	for i := range in {
		in[i].Session = session
		to[i] = l.resolve(session, &in[i])
	}
	for at := 0; at < len(in); {
		n := l.takeSlots(in[at:], to[at:], now)
		if n == 0 {
			return false
		}
		for end := at + n; at < end; {
			at += l.forward(in[at:end], to[at:end])
		}
	}
	return true
}

// resolve remembers the last name: clients ask for the same one again and again. It is called with
// turn held.
func (l *link) resolve(s *messages.Session, in *connectors.Inbound) receiver {
	t, route := l.last, in.Route
	if l.lastRoute != route || t == nil {
		if t = l.router.find(route); len(route) <= longRoute {
			l.lastRoute, l.last = route, t
		}
	}
	return l.aim(t, s, in)
}

// aim says which of a target's actors the request is for; t may be nil.
func (l *link) aim(t *target, s *messages.Session, in *connectors.Inbound) receiver {
	switch {
	case t == nil:
		return receiver{}
	case t.pick != nil:
		return receiver{pid: l.pick(t, s, in.Route), to: t}
	case t.find != nil:
		return l.seek(t, in)
	}
	to, at := receiver{ours: t.ours}, l.router.choose(t, s)
	to.pid = t.pids[at]
	if t.desks != nil {
		to.desk = t.desks[at]
	}
	if !t.ours {
		to.to = t
	}
	return to
}

// longRoute is the longest name that is remembered, in bytes: what a client may have kept here.
const longRoute = 256

// weight is what a request counts against Limits.InFlightBytes: all that the client has sent of it.
func weight(r *messages.Request) (n int) {
	n = len(r.Body) + len(r.Route)
	for _, b := range r.Attachments {
		n += len(b)
	}
	for _, b := range r.Arguments {
		n += len(b)
	}
	return n
}

// pick asks the user's function. When it panics nobody answers the request.
func (l *link) pick(t *target, s *messages.Session, route string) (pid *actor.PID) {
	if err := safely(func() error { pid = t.pick(s, route); return nil }); err != nil {
		if l.fault(messages.FaultCallback, scene{route: route, session: s.Id, what: err}) {
			l.log.Error("panic in a route function", "route", route, "error", err)
		}
		return nil
	}
	return pid
}

// forward sends the first request to its actor, with the socket as its sender, and what follows it along
// if that is for the same desk. It returns how many that were.
func (l *link) forward(in []connectors.Inbound, to []receiver) (n int) {
	switch first := to[0]; {
	case first.full:
		l.refuse(origin(&in[0]), in[0].Notify)
	case first.desk != nil:
		for n = 1; n < len(in) && to[n].desk == first.desk && !to[n].full; n++ {
		}
		first.desk.leave(l.lent, newAsks(l, in[:n]))
		return n
	case first.pid != nil:
		l.root.Send(first.pid, &actor.MessageEnvelope{Message: in[0].Request, Sender: l.pid})
	case !in[0].Notify && !first.answered:
		l.answer(l.currentCodec(), origin(&in[0]), in[0].Fail(nil))
	}
	return 1
}

// refuse answers busy.
func (l *link) refuse(o connectors.Origin, notify bool) {
	l.fault(messages.FaultBusy, scene{route: o.Route, session: l.session.Load().Id})
	if notify {
		return
	}
	if l.stopping.Load() {
		l.tally.busy.Add(1)
	}
	l.answer(l.currentCodec(), o, &messages.Response{Error: busyError()})
}

func origin(in *connectors.Inbound) connectors.Origin {
	return connectors.Origin{ID: in.Id, Route: in.Route, Tag: in.Tag}
}

// takeSlots waits until the first of in may be in flight, and puts it and as many more as
// have room there. It returns how many, zero when the link has ended. When it has waited, now
// is another one.
func (l *link) takeSlots(in []connectors.Inbound, to []receiver, now *time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for to[0].holds(&in[0]) && l.reason == nil && !l.late && l.noRoom(weight(in[0].Request)) {
		l.waitForRoom()
		*now = time.Now()
	}
	if l.reason != nil {
		return 0
	}
	began, deadline := l.since(*now), int64(0)
	if l.RequestTimeout > 0 {
		deadline = now.Add(l.RequestTimeout).UnixNano()
		l.ringBy(began + l.RequestTimeout)
	}
	for n = range in {
		r := &in[n]
		if !to[n].holds(r) {
			continue
		}
		if n > 0 && !l.late && l.noRoom(weight(r.Request)) {
			return n
		}
		if to[n].full = l.late || !to[n].to.enter(l.RouteQueue); to[n].full {
			continue
		}
		s := l.slots.take(origin(r), r.Notify, weight(r.Request), began)
		s.to, s.away = to[n].to, l.awayTo(to[n], r.Request)
		r.Deadline, r.Seq = deadline, s.seq
	}
	return len(in)
}

// noRoom is called with mu held. A single request of any legal size always has room.
func (l *link) noRoom(bytes int) bool {
	n := l.slots.used()
	return n >= l.InFlight || n > 0 && l.slots.bytes+bytes > l.InFlightBytes
}

// done frees the slot of a notify that has been handled.
func (l *link) done(seq uint64) {
	l.mu.Lock()
	_, ok := l.slots.release(seq)
	if ok {
		l.wakeReader()
	}
	l.mu.Unlock()
	if ok {
		l.mayDepart()
	}
}
