package actors

import (
	"errors"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// Elsewhere makes a route whose requests go to wherever find says, most likely on another node: a virtual actor
// of a cluster. find runs on the client's reader, before the request has its Seq, and once more where it is sent again;
// it must not block, and may set the request's Identity. Its error is answered at once, an *messages.Error as it is. When the node is
// lost (Running.Lost) what it has not answered is answered with code 502, or sent once more.
func Elsewhere(prefix string, find func(*messages.Request) (Away, error)) Route {
	return elsewhere{prefix, find}
}

type elsewhere struct {
	prefix string
	find   func(*messages.Request) (Away, error)
}

func (e elsewhere) Prefix() string { return e.prefix }

func (e elsewhere) target() *target { return &target{find: e.find} }

func (e elsewhere) check() error {
	if e.find == nil {
		return errors.New("route \"" + e.prefix + "\": function is nil")
	}
	return nil
}

// away is what a slot knows of a request that has gone to another node.
type away struct {
	address string
	again   *messages.Request // to be sent once more if the node is lost; nil: it is answered
}

// awayTo is nil for a request that stays here, or is for an actor of ours.
func (l *link) awayTo(to receiver, r *messages.Request) *away {
	if to.to == nil || to.pid.Address == l.system.Address() {
		return nil
	}
	a := &away{address: to.pid.Address}
	if to.again {
		a.again = r
	}
	return a
}

// seek asks the user's function. A request that it has no actor for is answered.
func (l *link) seek(t *target, in *connectors.Inbound) receiver {
	a, err := l.find(t, in.Request)
	if err != nil {
		if !in.Notify {
			l.answer(l.currentCodec(), origin(in), in.Fail(err))
		}
		return receiver{answered: true}
	}
	return receiver{pid: a.PID, to: t, again: a.Idempotent}
}

func (l *link) find(t *target, r *messages.Request) (a Away, err error) {
	err = safely(func() (err error) { a, err = t.find(r); return err })
	if known := (*messages.Error)(nil); err != nil && !errors.As(err, &known) {
		if l.fault(messages.FaultCallback, scene{route: r.Route, session: r.GetSession().GetId(), what: err}) {
			l.log.Error("no actor found", "route", r.Route, "error", err)
		}
	}
	return a, err
}

// Lost tells that a node is gone, or cut off. What is in flight to it is answered with code 502; what is
// idempotent, and has not been sent twice, is found another actor and sent again. An answer that comes
// all the same is for nobody.
func (r *Running) Lost(address string) {
	r.node.directory.each(func(l *link) bool { l.lostNode(address); return true })
	for _, s := range r.node.onward.take(address) {
		reject(r.node.root, s.req, s.from, unavailable())
	}
}

// LostRequest answers a request that did not reach the actor it was for; socket is its sender.
func (r *Running) LostRequest(req *messages.Request, socket *actor.PID, why error) {
	if to := asker(req, socket); to != nil {
		reject(r.node.root, req, to, why)
	}
}

// lostNode sees to what the link's client has in flight to a node that is gone.
func (l *link) lostNode(address string) {
	l.mu.Lock()
	over, again := l.slots.lost(address)
	l.owed.Add(int32(len(over)))
	if len(over) > 0 {
		l.wakeReader()
	}
	codec := l.codec
	l.mu.Unlock()
	for i := range over {
		l.answer(codec, over[i].origin, &messages.Response{Error: unavailable()})
		l.owed.Add(-1)
	}
	for _, a := range again {
		l.sendAgain(a, address)
	}
	if len(over) > 0 {
		l.mayDepart()
	}
}

// repeat is a request to be sent again.
type repeat struct {
	req *messages.Request
	to  *target
}

// sendAgain finds a request another actor. It works on a copy: the engine may have yet to write the first one.
func (l *link) sendAgain(r repeat, lost string) {
	req := copyOf(r.req)
	a, err := l.find(r.to, req)
	if err == nil && a.PID != nil && a.PID.Address == lost {
		err = unavailable()
	}
	if err != nil || a.PID == nil {
		l.respond(req.Fail(err))
		return
	}
	l.mu.Lock()
	waits := l.slots.redirect(req.Seq, a.PID.Address)
	l.mu.Unlock()
	if waits {
		l.root.Send(a.PID, &actor.MessageEnvelope{Message: req, Sender: l.pid})
	}
}

// lost releases what is in flight to a node, but for what is to be sent again.
func (s *slots) lost(address string) (over []slot, again []repeat) {
	for i := range s.list {
		t := &s.list[i]
		switch {
		case !t.busy || t.away == nil || t.away.address != address:
		case t.away.again != nil:
			again = append(again, repeat{t.away.again, t.to})
			t.away.again = nil
		default:
			if gone, ok := s.release(t.seq); ok {
				over = append(over, gone)
			}
		}
	}
	return over, again
}

// redirect notes where a request has been sent again. It is not in flight any more if it has been answered.
func (s *slots) redirect(seq uint64, address string) (waits bool) {
	i := int(seq & seqIndex)
	if i >= len(s.list) || s.list[i].seq != seq || !s.list[i].busy {
		return false
	}
	if s.list[i].away == nil {
		s.list[i].away = &away{}
	}
	s.list[i].away.address = address
	return true
}

func unavailable() *messages.Error { return messages.NewError(messages.CodeUnavailable, "unavailable") }
