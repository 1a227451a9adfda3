package actors

import (
	"maps"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// waiter is who wants something of a virtual actor: a request and its sender, or a lookup.
type waiter struct {
	req   *messages.Request
	from  *actor.PID
	reply chan<- tenancy
	since time.Duration // when it began to wait
}

// give hands w to the actor.
func (w waiter) give(n *node, t *tenant) {
	switch {
	case w.req == nil:
		w.reply <- tenancy{pid: t.pid}
	case t.fits(w.req):
		n.root.Send(t.pid, &actor.MessageEnvelope{Message: w.req, Sender: w.from})
	default:
		w.refuse(n, nil)
	}
}

// refuse answers it.
func (w waiter) refuse(n *node, err error) {
	switch {
	case w.req == nil:
		w.reply <- tenancy{err: messages.AsError(err)}
	case w.from != nil:
		reject(n.root, w.req, w.from, err)
	}
}

// sendOn hands it to the node whose it is.
func (w waiter) sendOn(s *hostShard, address string) {
	n := s.host.node
	switch {
	case w.req == nil:
		w.reply <- tenancy{err: ErrElsewhere}
		return
	case w.req.Hops >= hostHops:
		w.refuse(n, unavailable())
		return
	}
	next := copyOf(w.req)
	next.Hops++
	if l := n.linkOf(w.from); l != nil {
		l.mu.Lock()
		l.slots.redirect(next.Seq, address)
		l.mu.Unlock()
	} else if w.from != nil {
		n.onward.add(sentOn{address, &messages.Request{Seq: next.Seq, Notify: next.Notify}, w.from, n.now()})
	}
	n.root.Send(actor.NewPID(address, s.name), &actor.MessageEnvelope{Message: next, Sender: w.from})
}

// room tells whether one more may wait.
func (s *hostShard) room() bool {
	if s.host.waiting.Add(1) <= int64(s.host.Waiting) {
		return true
	}
	s.host.waiting.Add(-1)
	return false
}

// leftOver keeps what a tenant's actor had yet to handle, ahead of what has come since.
func (s *hostShard) leftOver(ctx actor.Context, m *leftover) {
	switch t := s.tenants[m.identity]; {
	case t == nil || !t.stopping:
		s.attend(ctx, m.identity, m.waiter)
	case s.room():
		t.left = append(t.left, m.waiter)
	default:
		m.refuse(s.host.node, unavailable())
	}
}

// wait keeps w, behind what waits for the same actor.
func (s *hostShard) wait(identity string, w waiter) {
	h := s.host
	if !s.room() {
		w.refuse(h.node, unavailable())
		return
	}
	t := s.tenants[identity]
	if t == nil {
		t = &tenant{}
		s.tenants[identity] = t
	}
	if w.since == 0 {
		w.since = max(h.node.now(), 1)
	}
	t.waiting = append(t.waiting, w)
	if s.late == nil {
		s.late = s.after(hostPatience, &lookLate{})
	}
}

// take is what waits for a tenant, who is forgotten if that is all there was of it.
func (s *hostShard) take(identity string, t *tenant) []waiter {
	list := append(t.left, t.waiting...)
	t.left, t.waiting = nil, nil
	s.host.waiting.Add(-int64(len(list)))
	if t.pid == nil {
		delete(s.tenants, identity)
	}
	return list
}

// resumed looks again at what waits for a tenant.
func (s *hostShard) resumed(ctx actor.Context, identity string, t *tenant) {
	for _, w := range s.take(identity, t) {
		s.attend(ctx, identity, w)
	}
}

// expire answers what has waited for too long.
func (s *hostShard) expire() {
	s.late = nil
	now, next := s.host.node.now(), time.Duration(0)
	for identity, t := range s.tenants {
		due := 0
		for due < len(t.waiting) && now-t.waiting[due].since >= hostPatience {
			t.waiting[due].refuse(s.host.node, unavailable())
			due++
		}
		s.host.waiting.Add(-int64(due))
		if t.waiting = t.waiting[due:]; len(t.waiting) > 0 {
			if left := t.waiting[0].since + hostPatience - now; next == 0 || left < next {
				next = left
			}
		} else if t.waiting = nil; t.pid == nil {
			delete(s.tenants, identity)
		}
	}
	if next > 0 {
		s.late = s.after(next, &lookLate{})
	}
}

// watchIdle has a look taken at who is idle, now and then, if they are to stop.
func (s *hostShard) watchIdle() {
	if s.host.Idle > 0 && s.idle == nil {
		s.idle = s.after(max(s.host.Idle/4, time.Millisecond), &lookIdle{})
	}
}

// sweep stops who has been idle for long.
func (s *hostShard) sweep(ctx actor.Context) {
	s.idle = nil
	now, some := s.host.node.now(), false
	for _, t := range s.tenants {
		switch {
		case t.pid == nil || t.stopping:
			continue
		case t.box.busy():
			t.used = now
		case now-t.used >= s.host.Idle:
			t.stop(ctx)
			continue
		}
		some = true
	}
	if some {
		s.watchIdle()
	}
}

// stop stops the tenant's actor. What comes meanwhile waits.
func (t *tenant) stop(ctx actor.Context) {
	t.stopping = true
	ctx.Stop(t.pid)
}

// clear stops who has to go.
func (s *hostShard) clear(ctx actor.Context, c *clearance) {
	if s.stopping {
		c.reply <- struct{}{}
		return
	}
	c.left = map[string]bool{}
	for identity, t := range s.tenants {
		if t.pid != nil && !t.stopping && (c.all || !s.owner(identity).Mine) {
			t.stop(ctx)
		}
		if t.stopping {
			c.left[identity] = true
		}
	}
	s.clearances = append(s.clearances, c)
	s.settle(ctx)
}

// vacated is when a tenant's actor is gone, and what it has left is here.
func (s *hostShard) vacated(ctx actor.Context, m *vacated) {
	t := s.tenants[m.identity]
	if t == nil || t.box != m.box || t.pid == nil {
		return
	}
	s.host.actors.Add(-1)
	t.pid, t.box, t.stopping = nil, nil, false
	s.resumed(ctx, m.identity, t)
	for _, c := range s.clearances {
		delete(c.left, m.identity)
	}
	s.settle(ctx)
}

// settle ends the clearances that nobody has to stop for any more.
func (s *hostShard) settle(ctx actor.Context) {
	var left []*clearance
	for _, c := range s.clearances {
		if len(c.left) > 0 {
			left = append(left, c)
			continue
		}
		for _, identity := range slices.Collect(maps.Keys(s.tenants)) { // it is changed below
			switch t := s.tenants[identity]; {
			case len(t.waiting) == 0 || t.stopping:
			case c.all:
				s.dismiss(identity, t)
			default:
				s.resumed(ctx, identity, t)
			}
		}
		c.reply <- struct{}{}
	}
	s.clearances = left
}

// dismiss answers what waits for a tenant.
func (s *hostShard) dismiss(identity string, t *tenant) {
	for _, w := range s.take(identity, t) {
		w.refuse(s.host.node, unavailable())
	}
}

// close is when the shard is stopped, and its actors with it.
func (s *hostShard) close() {
	s.stopping = true
	for identity, t := range s.tenants {
		s.dismiss(identity, t)
	}
	for _, timer := range []*time.Timer{s.late, s.idle} {
		if timer != nil {
			timer.Stop()
		}
	}
	s.late, s.idle = nil, nil
}

// closed is when it has stopped. Another one takes its place, unless that was wanted.
func (s *hostShard) closed() {
	n := s.host.node
	for identity, t := range s.tenants {
		s.dismiss(identity, t)
		if t.pid != nil {
			s.host.actors.Add(-1)
		}
	}
	s.tenants = nil
	for _, c := range s.clearances {
		c.reply <- struct{}{}
	}
	s.clearances = nil
	if s.host.ending.Load() {
		s.host.live.Done()
		return
	}
	n.fault(messages.FaultReplaced, scene{what: s.name})
	if err := s.spawn(); err != nil {
		n.log.Error("host not replaced", "name", s.name, "error", err)
		s.host.live.Done()
	}
}

// handBack is for what is left in the mailbox of an actor that has stopped.
func (s *hostShard) handBack(to *actor.PID, msg any) {
	n := s.host.node
	_, m, sender := actor.UnwrapEnvelope(msg)
	if req, ok := m.(*messages.Request); ok {
		n.root.Send(s.pid, &leftover{HostIdentity(to), waiter{req: req, from: asker(req, sender)}})
	} else {
		n.system.DeadLetter.SendUserMessage(to, msg)
	}
}

// unheard is for what does not reach the shard: it has stopped, or its mailbox is full.
func (s *hostShard) unheard(msg any, why error) {
	n := s.host.node
	_, m, sender := actor.UnwrapEnvelope(msg)
	switch m := m.(type) {
	case *messages.Request:
		waiter{req: m, from: asker(m, sender)}.refuse(n, why)
	case *leftover:
		m.refuse(n, why)
	case *lookup:
		m.reply <- tenancy{err: why}
	case *clearance:
		m.reply <- struct{}{}
	}
}

// crowded keeps what the shard tells itself for later.
func (s *hostShard) crowded(_ *actor.PID, msg any) {
	switch msg.(type) {
	case *vacated, *clearance, *lookLate, *lookIdle:
		s.after(handEvery, msg)
	default:
		s.unheard(msg, busyError())
	}
}

// What comes too late for a shard is no news.
func (*leftover) IgnoreDeadLetterLogging() {}
func (*vacated) IgnoreDeadLetterLogging()  {}
func (*lookLate) IgnoreDeadLetterLogging() {}
func (*lookIdle) IgnoreDeadLetterLogging() {}

// after sends the shard a message later.
func (s *hostShard) after(d time.Duration, msg any) *time.Timer {
	return time.AfterFunc(d, func() { s.host.node.root.Send(s.pid, msg) })
}
