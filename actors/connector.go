package actors

import (
	"strconv"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// connectorActor supervises the listeners and the shards of one connector. It runs
// no user code, so that nothing that can fail is the parent of sockets.
type connectorActor struct {
	gate     *gate
	places   []*place
	children map[string]child // by PID id
	stopping bool
}

// child is a shard, or the listener of a place.
type child struct {
	name  string
	props *actor.Props
	place *place // nil: a shard
}

func newConnectorActor(g *gate, all []*place) *connectorActor {
	c := &connectorActor{gate: g}
	for _, p := range all {
		if p.gate == g {
			c.places = append(c.places, p)
		}
	}
	return c
}

func (c *connectorActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		c.stopping = false
		c.spawn(ctx)
	case *actor.Stopping:
		c.stopping = true
	case *actor.Terminated:
		if k, ok := c.children[m.Who.Id]; ok && !c.stopping {
			c.gate.fault(messages.FaultReplaced, scene{connector: c.gate.name, what: m.Who.Id})
			mustSpawn(ctx, k.props, k.name)
		}
	}
}

// spawn starts the shards before the listeners that feed them. When somebody has stopped the
// connector, all its children have the PIDs again that they had.
func (c *connectorActor) spawn(ctx actor.Context) {
	c.children = map[string]child{}
	var shards []*actor.PID
	for i := range shardsPerConnector {
		props := c.props(func() actor.Actor { return newShard(c.gate) })
		shards = append(shards, c.spawnChild(ctx, child{name: "sockets/" + strconv.Itoa(i), props: props}))
	}
	c.gate.shards.CompareAndSwap(nil, &shards) // they are the same ever after
	for i, p := range c.places {
		props := c.props(func() actor.Actor { return &listener{p} })
		c.spawnChild(ctx, child{"listener/" + strconv.Itoa(i), props, p})
	}
}

func (c *connectorActor) props(make actor.Producer) *actor.Props {
	kind := &mailboxKind{turns: c.gate.queue, burst: routeBurst, lost: c.gate.lost}
	return actor.PropsFromProducer(make, actor.WithDispatcher(c.gate.queue), actor.WithMailbox(newMailbox(kind)))
}

func (c *connectorActor) spawnChild(ctx actor.Context, k child) *actor.PID {
	pid := mustSpawn(ctx, k.props, k.name)
	c.children[pid.Id] = k
	return pid
}

// HandleFailure makes the connector the strategy of its children: shards go on,
// listeners are restarted.
func (c *connectorActor) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, msg any) {
	if p := c.children[child.Id].place; p != nil {
		c.gate.fault(messages.FaultListener, scene{connector: c.gate.name, what: reason})
		backoff{c.gate.Listener, p.later}.HandleFailure(sys, sup, child, rs, reason, msg)
		return
	}
	c.gate.treeFailed(child, reason)
	resume{}.HandleFailure(sys, sup, child, rs, reason, msg)
}

// mustSpawn panics on a name that is taken, which in a tree with a boot id of its own is a bug.
func mustSpawn(ctx actor.SpawnerContext, props *actor.Props, name string) *actor.PID {
	pid, err := ctx.SpawnNamed(props, name)
	if err != nil {
		panic("actors: spawn " + name + ": " + err.Error())
	}
	return pid
}
