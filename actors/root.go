package actors

import (
	"hash/maphash"
	"strconv"

	"github.com/asynkron/protoactor-go/actor"
)

// rootActor is the top of a tree. It spawns the parts in the order in which
// they need each other, and stops them in the other.
type rootActor struct {
	node   *node
	gates  []*gate
	places []*place
	ready  chan<- struct{}
	ended  chan<- struct{}

	connectors map[string]bool // that have not stopped, by PID id
	stopping   bool
}

// stopAll stops the tree from the connectors inwards.
type stopAll struct{}

func (r *rootActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		r.spawn(ctx)
		close(r.ready)
	case *hangUp:
		for _, pid := range ctx.Children() {
			if r.connectors[pid.Id] {
				ctx.Send(pid, m)
			}
		}
	case *stopAll:
		r.stopping = true
		r.stopConnectors(ctx)
		r.goOn(ctx)
	case *actor.Terminated:
		delete(r.connectors, m.Who.Id)
		r.goOn(ctx)
	case *actor.Stopped:
		close(r.ended)
	}
}

func (r *rootActor) stopConnectors(ctx actor.Context) {
	for _, pid := range ctx.Children() {
		if r.connectors[pid.Id] {
			ctx.Stop(pid)
		}
	}
}

// goOn stops what the connectors needed once they are gone.
func (r *rootActor) goOn(ctx actor.Context) {
	if !r.stopping || len(r.connectors) > 0 {
		return
	}
	for _, g := range r.gates {
		for _, w := range g.waiting {
			w.stop()
		}
	}
	ctx.Stop(ctx.Self())
}

func (r *rootActor) spawn(ctx actor.Context) {
	n := r.node
	r.spawnBatchers(ctx)
	n.router = r.spawnRoutes(ctx)
	r.connectors = map[string]bool{}
	for _, g := range r.gates {
		for _, b := range n.batchers {
			g.waiting = append(g.waiting, &waiting{root: n.root, to: b, tick: g.tick})
		}
		c := &connectorActor{gate: g}
		for _, p := range r.places {
			if p.gate == g {
				c.places = append(c.places, p)
			}
		}
		pid := mustSpawn(ctx, n.props(func() actor.Actor { return c }, 0), "connector/"+g.name)
		r.connectors[pid.Id] = true
	}
}

func (r *rootActor) spawnBatchers(ctx actor.Context) {
	n := r.node
	for k := range batcherCount() {
		b := &batcher{k: k}
		n.batchers = append(n.batchers, b)
		state := newBatcherActor(n)
		b.pid = mustSpawn(ctx, n.props(func() actor.Actor { return state }, 0), "batcher/"+strconv.Itoa(k))
	}
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
				props := n.props(func() actor.Actor { return newRouteActor(n, h.prefix, filtered) }, n.RouteQueue)
				if h.Dispatcher != nil {
					props.Configure(actor.WithDispatcher(h.Dispatcher))
				}
				h.pids = append(h.pids, mustSpawn(ctx, props, "route/"+h.prefix+"/"+strconv.Itoa(i)))
			}
		case *perSession:
			state := &sessionsActor{node: n, route: h, live: map[string]*actor.PID{}}
			h.pid = mustSpawn(ctx, n.props(func() actor.Actor { return state }, n.RouteQueue), "sessions/"+h.prefix)
			n.sessionRoutes = append(n.sessionRoutes, h.pid)
		}
		to := route.target()
		table[route.Prefix()] = &to
	}
	return &router{table, maphash.MakeSeed()}
}

// props are those of all parts but sockets: the queue runs them.
func (n *node) props(make actor.Producer, limit int) *actor.Props {
	kind := &mailboxKind{turns: n.queue, burst: routeBurst, limit: limit, lost: n.lost}
	return actor.PropsFromProducer(make, actor.WithDispatcher(n.queue), actor.WithMailbox(newMailbox(kind)),
		actor.WithSupervisor(resume{}))
}
