package actors

import (
	"strconv"

	"github.com/asynkron/protoactor-go/actor"
)

// connectorActor supervises the listeners and the shards of one connector. It runs
// no user code, so that nothing that can fail is the parent of sockets.
type connectorActor struct {
	gate   *gate
	places []*place
}

func (c *connectorActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		c.spawn(ctx)
	case *hangUp:
		for _, pid := range c.gate.shards {
			ctx.Send(pid, m)
		}
	}
}

// spawn starts the shards before the listeners that feed them.
func (c *connectorActor) spawn(ctx actor.Context) {
	box := actor.WithMailbox(newMailbox(&mailboxKind{turns: c.gate.queue, burst: routeBurst}))
	for i := range shardsPerConnector {
		props := actor.PropsFromProducer(func() actor.Actor { return newShard(c.gate) },
			actor.WithDispatcher(c.gate.queue), box)
		c.gate.shards = append(c.gate.shards, mustSpawn(ctx, props, "sockets/"+strconv.Itoa(i)))
	}
	for i, p := range c.places {
		props := actor.PropsFromProducer(func() actor.Actor { return &listener{p} },
			actor.WithDispatcher(c.gate.queue), box)
		mustSpawn(ctx, props, "listener/"+strconv.Itoa(i))
	}
}

// HandleFailure makes the connector the strategy of its children: shards go on,
// listeners are restarted.
func (c *connectorActor) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, msg any) {
	for _, p := range c.places {
		if pid := p.pid.Load(); pid != nil && pid.Id == child.Id {
			listenerRestarts.HandleFailure(sys, sup, child, rs, reason, msg)
			return
		}
	}
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
