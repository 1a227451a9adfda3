package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	engine "github.com/asynkron/protoactor-go/cluster"
	"github.com/asynkron/protoactor-go/remote"

	"github.com/fairlead-go/fairlead/messages"
)

// The engine's cluster runs on our views: it is told of members by membership, and finds identities by
// lookup. Its own gossip, which would ban a silent node for ever, is as good as off.
const (
	gossipEvery = 24 * time.Hour
	gossipTrust = 10 * 365 * 24 * time.Hour
)

// queueSlots is what the engine reserves for a peer at once: 16 bytes each.
const queueSlots = 1024

func (n *Node) newEngine(host string, port int, advertised string) *engine.Cluster {
	wire := remote.Configure(host, port,
		remote.WithAdvertisedHost(advertised),
		remote.WithServerOptions(n.mesh.ServerOptions()...),
		remote.WithDialOptions(n.mesh.DialOptions()...),
		remote.WithEndpointWriterQueueSize(queueSlots))
	wire.MaxRetryCount = 1
	c := engine.Configure(n.config.Name, membership{n}, lookup{n}, wire, engine.WithKinds(n.config.Grains...))
	c.GossipInterval, c.HeartbeatExpiration = gossipEvery, gossipTrust
	return engine.New(n.system, c)
}

// startEngine listens. What the engine panics with is an error.
func (n *Node) startEngine() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("start: %v", p)
		}
	}()
	n.engine.StartMember()
	return nil
}

// stopEngine ends the engine's part of the node. Its own Shutdown would stop the actor system as well.
func (n *Node) stopEngine() {
	if n.engine.Remote == nil {
		return
	}
	n.engine.Gossip.Shutdown()
	n.engine.Remote.Shutdown(true)
}

// topology tells the engine of a view.
func (k *keeper) topology(v *messages.View) {
	var members engine.Members
	for _, m := range v.Members {
		host, port := splitAddress(m.Address)
		members = append(members, &engine.Member{Id: m.Id, Host: host, Port: port, Kinds: m.Kinds})
	}
	k.engine.MemberList.UpdateClusterTopology(members)
}

// membership is the engine's provider: views come from the keeper.
type membership struct{ node *Node }

func (m membership) StartMember(c *engine.Cluster) error { m.node.mesh.Engine(c.Remote); return nil }
func (m membership) StartClient(c *engine.Cluster) error { return m.StartMember(c) }
func (m membership) Shutdown(bool) error                 { return nil }

// lookup is the engine's way to virtual actors: the owner by the view makes them.
type lookup struct{ node *Node }

// findTime bounds how long the engine's callers wait for an identity.
const findTime = 3 * time.Second

func (l lookup) Get(id *engine.ClusterIdentity) *actor.PID {
	ctx, cancel := context.WithTimeout(l.node.ctx, findTime)
	defer cancel()
	pid, err := l.node.find(ctx, id.Kind, id.Identity)
	if err != nil {
		l.node.log.Warn("no actor", "kind", id.Kind, "error", err)
		return nil
	}
	return pid
}

func (l lookup) RemovePid(*engine.ClusterIdentity, *actor.PID) {}
func (l lookup) Setup(*engine.Cluster, []string, bool)         {}
func (l lookup) Shutdown()                                     {}

func splitAddress(address string) (host string, port int32) {
	at := strings.LastIndexByte(address, ':')
	if at < 0 {
		return address, 0
	}
	_, _ = fmt.Sscan(address[at+1:], &port)
	return address[:at], port
}
