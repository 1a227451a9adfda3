package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// PerSession makes a route with an actor for each client that asks for it: what its
// handlers share belongs to one client. serve makes them when the client first asks; the
// actor stops when the client has gone.
func PerSession(prefix string, serve func(s *messages.Session) *Handlers) Route {
	return &perSession{prefix: prefix, serve: serve}
}

type perSession struct {
	prefix string
	serve  func(*messages.Session) *Handlers
	pid    *actor.PID
}

func (p *perSession) Prefix() string { return p.prefix }

func (p *perSession) target() *target { return &target{pids: []*actor.PID{p.pid}, ours: true} }

func (p *perSession) check() error {
	if p.serve == nil {
		return fmt.Errorf("route %q: function is nil", p.prefix)
	}
	return nil
}

// sessionsActor is the parent of a perSession route's actors. Requests pass through it, so
// that an actor can be made, and let go of, without anybody else knowing it.
type sessionsActor struct {
	node  *node
	route *perSession
	live  map[string]*visitor // by session id

	stopping bool // by somebody else: another one takes its place
}

// visitor is a client that has asked for the route. Its lanes outlive its actor.
type visitor struct {
	socket *actor.PID
	pid    *actor.PID // nil when somebody has stopped it
	lanes  []lane
}

func newSessionsActor(n *node, p *perSession) *sessionsActor {
	return &sessionsActor{node: n, route: p, live: map[string]*visitor{}}
}

// sessionOver tells that a client has gone.
type sessionOver struct{ id string }

func (s *sessionsActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.restarted()
	case *actor.Stopping:
		s.stopping = true
	case *messages.Request:
		if s.stopping {
			s.node.refuse(m, ctx.Sender())
		} else if pid := s.actor(ctx, m.GetSession()); pid != nil {
			ctx.Forward(pid)
		} else {
			s.node.refuse(m, ctx.Sender())
		}
	case *sessionOver:
		if v := s.live[m.id]; v != nil {
			delete(s.live, m.id)
			if v.pid != nil {
				ctx.Stop(v.pid)
			}
		}
	case *actor.Terminated: // stopped by somebody else, perhaps: the next request has a fresh one
		if v := s.live[sessionOf(m.Who)]; v != nil {
			v.pid = nil
		}
	}
}

// restarted is for when somebody has stopped the parent, and so all its actors: what it was
// told meanwhile it has missed.
func (s *sessionsActor) restarted() {
	s.stopping = false
	for id, v := range s.live {
		if v.pid = nil; s.node.linkOf(v.socket) == nil {
			delete(s.live, id)
		}
	}
}

// HandleFailure lets the actors of sessions go on with the next message. The failed one is
// answered.
func (s *sessionsActor) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, msg any) {
	s.node.fault(messages.FaultHandlerPanic, scene{route: s.route.prefix, what: reason})
	turnDown(s.node.root, msg, nil)
	resume{}.HandleFailure(sys, sup, child, rs, reason, msg)
}

// actor finds or makes the actor of a session; nil for a client that has gone, whose
// sessionOver may have come before.
func (s *sessionsActor) actor(ctx actor.Context, of *messages.Session) *actor.PID {
	v := s.live[of.GetId()]
	if v != nil && v.pid != nil {
		return v.pid
	}
	if s.node.linkOf(of.GetSocket()) == nil {
		return nil
	}
	var h *Handlers
	err := safely(func() error {
		if h = s.route.serve(of); h == nil {
			return fmt.Errorf("no handlers for session %s", of.Id)
		}
		return h.check()
	})
	if err != nil {
		if s.node.fault(messages.FaultCallback, scene{route: s.route.prefix, session: of.Id, what: err}) {
			s.node.log.Error("no actor for a session", "route", s.route.prefix, "error", err)
		}
		return nil
	}
	table := h.filtered(s.node.Filters)
	if v == nil {
		v = &visitor{socket: of.Socket, lanes: s.node.newLanes()}
		s.live[of.Id] = v
	}
	props := s.node.routeProps(h, nil, func() actor.Actor { return newRouteActor(s.node, s.route.prefix, table, v.lanes) })
	v.pid = mustSpawn(ctx, props, of.Id)
	return v.pid
}
