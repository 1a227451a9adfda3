package actors

import (
	"fmt"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// hostShard is the parent of some of a Host's actors. Requests pass through it, so that it alone decides
// when one is made: never before the one before it has stopped, with all that it had yet to handle back here.
type hostShard struct {
	host *Host
	name string
	pid  *actor.PID
	kind *mailboxKind // of its actors

	// The actor's.
	tenants    map[string]*tenant // by identity
	clearances []*clearance       // under way
	late, idle *time.Timer        // nil: not set
	stopping   bool
}

// tenant is an identity that has an actor, or something that waits for it.
type tenant struct {
	pid      *actor.PID // nil: there is none
	box      *mailbox
	prefix   string // of its requests' routes
	used     time.Duration
	stopping bool
	left     []waiter // what the actor had yet to handle
	waiting  []waiter // behind that
}

// What a hostShard is sent, besides requests.
type (
	lookup struct {
		identity string
		reply    chan<- tenancy
	}
	clearance struct {
		all   bool
		reply chan<- struct{}
		left  map[string]bool // who has yet to stop
	}
	// vacated tells that an actor has stopped, and that nothing is left in its mailbox.
	vacated struct {
		identity string
		box      *mailbox
	}
	// leftover is what an actor that has stopped had yet to handle.
	leftover struct {
		identity string
		waiter
	}
	lookLate struct{}
	lookIdle struct{}
)

// tenancy answers a lookup.
type tenancy struct {
	pid *actor.PID
	err error
}

func newHostShard(h *Host, name string) *hostShard {
	n := h.node
	s := &hostShard{host: h, name: name, pid: actor.NewPID(n.system.Address(), name)}
	s.kind = &mailboxKind{
		turns: n.queue, burst: routeBurst, limit: n.RouteQueue, lost: s.handBack,
		full: func(_ *actor.PID, msg any) { turnDown(n.root, msg, busyError()) },
		left: func(m *mailbox) { n.root.Send(s.pid, &vacated{HostIdentity(m.self()), m}) },
	}
	if h.Props != nil {
		s.kind.turns = nil // they have a dispatcher of their own
	}
	return s
}

// spawn makes the shard's actor.
func (s *hostShard) spawn() error {
	n := s.host.node
	kind := &mailboxKind{
		turns: n.queue, burst: routeBurst, limit: n.RouteQueue,
		lost: func(_ *actor.PID, msg any) { s.unheard(msg, unavailable()) }, full: s.crowded,
	}
	props := actor.PropsFromProducer(func() actor.Actor { return s },
		actor.WithDispatcher(n.queue), actor.WithMailbox(newMailbox(kind)), actor.WithGuardian(resume{}))
	_, err := n.root.SpawnNamed(props, s.name)
	return err
}

func (s *hostShard) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.tenants, s.stopping = map[string]*tenant{}, false
	case *messages.Request:
		s.attend(ctx, m.Identity, waiter{req: m, from: asker(m, ctx.Sender())})
	case *leftover:
		s.leftOver(ctx, m)
	case *lookup:
		s.attend(ctx, m.identity, waiter{reply: m.reply})
	case *clearance:
		s.clear(ctx, m)
	case *actor.Terminated: // also when somebody else has stopped it
		if t := s.tenants[HostIdentity(m.Who)]; t != nil && t.pid != nil {
			t.stopping = true
		}
	case *vacated:
		s.vacated(ctx, m)
	case *lookLate:
		s.expire()
	case *lookIdle:
		s.sweep(ctx)
	case *actor.Stopping:
		s.close()
	case *actor.Stopped:
		s.closed()
	}
}

// attend has the actor of an identity do what w wants, or another node's, or has w wait.
func (s *hostShard) attend(ctx actor.Context, identity string, w waiter) {
	t := s.tenants[identity]
	switch {
	case s.stopping:
		w.refuse(s.host.node, unavailable())
		return
	case identity == "":
		w.refuse(s.host.node, nil)
		return
	case t != nil && (t.stopping || len(t.waiting) > 0):
		s.wait(identity, w)
		return
	}
	switch o := s.owner(identity); {
	case o.Mine || o.Address == s.host.node.system.Address():
		s.serve(ctx, identity, w)
	case o.Address == "":
		s.wait(identity, w)
	default:
		w.sendOn(s, o.Address)
	}
}

// owner asks the cluster.
func (s *hostShard) owner(identity string) (o Ownership) {
	if err := safely(func() error { o = s.host.Owns(identity); return nil }); err != nil {
		if s.host.node.fault(messages.FaultCallback, scene{what: err}) {
			s.host.node.log.Error("panic in Owns", "kind", s.host.kind, "error", err)
		}
	}
	return o
}

// serve hands w to the actor of an identity, which it makes if there is none.
func (s *hostShard) serve(ctx actor.Context, identity string, w waiter) {
	t := s.tenants[identity]
	if t == nil || t.pid == nil {
		var err error
		if t, err = s.admit(ctx, identity); err != nil {
			w.refuse(s.host.node, err)
			return
		}
	}
	w.give(s.host.node, t)
}

// admit makes an actor.
func (s *hostShard) admit(ctx actor.Context, identity string) (*tenant, error) {
	h := s.host
	if h.actors.Add(1) > int64(h.Most) {
		h.actors.Add(-1)
		return nil, busyError()
	}
	t := &tenant{used: h.node.now()}
	err := safely(func() error {
		props, err := s.props(t, identity)
		if err == nil {
			t.pid, err = ctx.SpawnNamed(props, identity)
		}
		return err
	})
	if err != nil {
		h.actors.Add(-1)
		if h.node.fault(messages.FaultCallback, scene{what: err}) {
			h.node.log.Error("no virtual actor", "kind", h.kind, "identity", identity, "error", err)
		}
		return nil, messages.AsError(nil)
	}
	s.tenants[identity] = t
	s.watchIdle()
	return t, nil
}

// props are those of a tenant's actor, with a mailbox that the tenant knows.
func (s *hostShard) props(t *tenant, identity string) (*actor.Props, error) {
	h, n := s.host, s.host.node
	box := actor.WithMailbox(func() actor.Mailbox { t.box = &mailbox{kind: s.kind}; return t.box })
	if h.Props != nil {
		props := *h.Props
		return props.Configure(box), nil
	}
	r := h.Handlers(identity)
	if r == nil {
		return nil, fmt.Errorf("no handlers for %q", identity)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	t.prefix = r.prefix
	table, lanes := r.filtered(n.Filters), n.newLanes()
	return n.routeProps(r, nil, func() actor.Actor { return newRouteActor(n, r.prefix, table, lanes) }).Configure(box), nil
}

// HandleFailure answers the request that an actor has failed with. Those of handlers go on.
func (s *hostShard) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, msg any) {
	s.host.node.fault(messages.FaultHandlerPanic, scene{what: reason})
	turnDown(s.host.node.root, msg, nil)
	next := actor.DefaultSupervisorStrategy()
	if s.host.Handlers != nil {
		next = resume{}
	}
	next.HandleFailure(sys, sup, child, rs, reason, msg)
}

// fits tells whether a request is one that the tenant's handlers have names for.
func (t *tenant) fits(req *messages.Request) bool { return strings.HasPrefix(req.Route, t.prefix) }
