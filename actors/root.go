package actors

import (
	"hash/maphash"
	"strconv"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// rootActor is the top of a tree. It spawns the parts in the order in which
// they need each other, and stops them in the other. A part that somebody else stops is
// spawned anew, under the same PID.
type rootActor struct {
	node   *node
	gates  []*gate
	places []*place
	ready  chan<- struct{}
	ended  chan<- struct{}

	parts      map[string]part // by PID id
	connectors int             // of these, parts that have not stopped
	stopping   bool
}

// part is a child of the root.
type part struct {
	kind  partKind
	name  string
	props *actor.Props
}

type partKind int

const (
	batcherPart partKind = iota
	routePart
	connectorPart
)

// letIn has the connectors begin, when all else is there.
type letIn struct{}

// stopAll stops the tree from the connectors inwards.
type stopAll struct{}

func (r *rootActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		r.spawn(ctx)
		close(r.ready)
	case *letIn:
		if !r.stopping {
			r.spawnConnectors(ctx)
		}
	case *stopAll:
		r.stopping = true
		r.stopConnectors(ctx)
		r.goOn(ctx)
	case *actor.Stopping:
		if !r.stopping { // by somebody else: nothing would be left
			r.stopping = true
			r.node.giveUp(errRootStopped)
		}
	case *actor.Terminated:
		r.terminated(ctx, m.Who)
	case *actor.Stopped:
		close(r.ended)
	}
}

func (r *rootActor) terminated(ctx actor.Context, pid *actor.PID) {
	p, ok := r.parts[pid.Id]
	switch {
	case !ok:
	case !r.stopping:
		r.node.fault(messages.FaultReplaced, scene{what: pid.Id})
		mustSpawn(ctx, p.props, p.name)
	case p.kind == connectorPart:
		r.connectors--
		r.goOn(ctx)
	}
}

func (r *rootActor) stopConnectors(ctx actor.Context) {
	for _, pid := range ctx.Children() {
		if r.parts[pid.Id].kind == connectorPart {
			ctx.Stop(pid)
		}
	}
}

// goOn stops what the connectors needed once they are gone.
func (r *rootActor) goOn(ctx actor.Context) {
	if !r.stopping || r.connectors > 0 {
		return
	}
	for _, g := range r.gates {
		for _, w := range g.waiting {
			w.stop()
		}
	}
	ctx.Stop(ctx.Self())
}

// HandleFailure makes the root the strategy of its children: all go on with the next message.
// The failed one, if it was a request, is answered.
func (r *rootActor) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, msg any) {
	switch r.parts[child.Id].kind {
	case connectorPart:
		r.node.treeFailed(child, reason)
	case batcherPart:
		r.node.fault(messages.FaultBatcher, scene{what: reason})
		r.node.root.Send(child, &work{}) // what it was doing may have been its last word
	case routePart:
		r.node.fault(messages.FaultHandlerPanic, scene{what: reason})
		turnDown(r.node.root, msg, nil)
	}
	resume{}.HandleFailure(sys, sup, child, rs, reason, msg)
}

func (r *rootActor) spawn(ctx actor.Context) {
	n := r.node
	r.parts = map[string]part{}
	for _, b := range n.batchers {
		b.pid = r.spawnPart(ctx, part{
			batcherPart, "batcher/" + strconv.Itoa(b.k),
			n.props(func() actor.Actor { return batcherActor{b} }, 0, nil),
		})
	}
	n.router = r.spawnRoutes(ctx)
}

func (r *rootActor) spawnConnectors(ctx actor.Context) {
	n := r.node
	for _, g := range r.gates {
		for _, b := range n.batchers {
			g.waiting = append(g.waiting, &waiting{to: b, tick: g.tick})
		}
		c := newConnectorActor(g, r.places)
		r.spawnPart(ctx, part{connectorPart, "connector/" + g.name, n.props(func() actor.Actor { return c }, 0, nil)})
		r.connectors++
	}
}

func (r *rootActor) spawnPart(ctx actor.Context, p part) *actor.PID {
	pid := mustSpawn(ctx, p.props, p.name)
	r.parts[pid.Id] = p
	return pid
}

// spawnRoutes spawns the actors of typed routes and makes the table.
func (r *rootActor) spawnRoutes(ctx actor.Context) *router {
	n := r.node
	table := map[string]*target{}
	for _, route := range n.Routes {
		switch h := route.(type) {
		case *Handlers:
			filtered := h.filtered(n.Filters)
			for i := range max(h.Actors, 1) {
				lanes, d := n.newLanes(), h.desk()
				props := n.routeProps(h, d, func() actor.Actor { return newRouteActor(n, h.prefix, filtered, lanes).at(d) })
				h.desks = append(h.desks, d)
				h.pids = append(h.pids, r.spawnPart(ctx, part{routePart, "route/" + h.prefix + "/" + strconv.Itoa(i), props}))
			}
		case *restarting:
			lanes := n.newLanes()
			h.desk = newDesk()
			props := n.props(func() actor.Actor { return h.actor(n, lanes) }, n.RouteQueue, h.desk)
			h.pid = r.spawnPart(ctx, part{routePart, "route/" + h.prefix, props})
		case *perSession:
			state := newSessionsActor(n, h)
			props := n.props(func() actor.Actor { return state }, n.RouteQueue, nil)
			h.pid = r.spawnPart(ctx, part{routePart, "sessions/" + h.prefix, props})
			n.sessionRoutes = append(n.sessionRoutes, h.pid)
		}
		table[route.Prefix()] = route.target()
	}
	return &router{table, maphash.MakeSeed()}
}

// routeProps are those of the actors of typed routes; d is nil for those without a desk.
func (n *node) routeProps(h *Handlers, d *desk, make actor.Producer) *actor.Props {
	props := n.props(make, n.RouteQueue, d)
	if h.Dispatcher != nil {
		props.Configure(actor.WithDispatcher(h.Dispatcher))
	}
	return props
}

// props are those of all parts but sockets: the queue runs them, and who has a turn to lend to a desk.
func (n *node) props(make actor.Producer, limit int, d *desk) *actor.Props {
	kind := &mailboxKind{turns: n.queue, burst: routeBurst, limit: limit, lost: n.lost, desk: d}
	return actor.PropsFromProducer(make, actor.WithDispatcher(n.queue), actor.WithMailbox(newMailbox(kind)))
}
