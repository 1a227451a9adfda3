package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	engine "github.com/asynkron/protoactor-go/cluster"
	"github.com/asynkron/protoactor-go/eventstream"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/internal/calm"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
	"github.com/fairlead-go/fairlead/supervisor/cluster/view"
)

// Node is this process as one of a cluster. It is given to supervisor.Start as Config.Cluster.
type Node struct {
	config Config
	system *actor.ActorSystem
	log    *slog.Logger
	mesh   *peer.Mesh
	engine *engine.Cluster
	born   time.Time
	types  map[string]uint64 // the messages that the process knows

	inbox   chan func()
	errands *errands
	place   atomic.Pointer[place]
	card    atomic.Pointer[messages.Card]
	lease   atomic.Int64 // until when the node may act, since birth
	tree    atomic.Pointer[actors.Running]
	hosts   hosts
	found   atomic.Pointer[map[string]bool] // by the provider, the last time
	events  *eventstream.Subscription
	asked   questions
	serving chan struct{}   // has a place for each question of other nodes that is being answered
	ctx     context.Context // ends with the node
	cancel  context.CancelFunc
	work    sync.WaitGroup
	stopped chan struct{} // the keeper has

	beginning sync.Mutex
	begun     bool // there is, or was, a tree

	readyOnce, leftOnce, closeOnce sync.Once
	ready, left                    chan struct{}
	keeper                         *keeper
}

// Join makes the actor system a node: it listens for other nodes, looks for them, and becomes a member as soon as
// they agree; Ready tells when. It comes before supervisor.Start, so that PIDs have the node's address.
func Join(system *actor.ActorSystem, c Config) (*Node, error) {
	if system == nil {
		return nil, errors.New("cluster: the actor system is nil")
	}
	c = c.withDefaults()
	n, err := newNode(system, c)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	if err := n.start(); err != nil {
		n.close()
		return nil, fmt.Errorf("cluster: %w", err)
	}
	return n, nil
}

func newNode(system *actor.ActorSystem, c Config) (*Node, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	host, port, advertised, err := c.addresses()
	if err != nil {
		return nil, err
	}
	n := &Node{
		config: c, system: system, log: calm.New(c.Logger), born: time.Now(), types: peer.Types(),
		inbox: make(chan func(), inboxSize), errands: newErrands(), serving: make(chan struct{}, servedAtOnce), stopped: make(chan struct{}), ready: make(chan struct{}), left: make(chan struct{}),
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	machine := view.Config{
		Self:   &messages.Member{Id: "n" + strconv.FormatUint(rand.Uint64()>>1, 36), Address: advertised, Roles: c.Roles, Kinds: c.kinds()},
		Expect: c.Expect, Beat: c.Timing.Beat, Fence: c.Timing.Fence, Expel: c.Timing.Expel, Rand: rand.Float64,
	}
	if err := machine.Check(); err != nil {
		return nil, err
	}
	n.keeper = &keeper{
		Node: n, machine: view.New(machine), clears: map[string]uint64{}, missed: map[string]bool{}, seen: map[string]time.Duration{},
		desk: registry.New(registry.Config{Logins: registry.Logins(c.Logins)}),
	}
	n.mesh, err = peer.New(peer.Config{Cluster: c.Name, Address: advertised, Bind: host, TLS: c.TLS, Log: n.log, Queue: c.Queue, Types: n.types}, heard{n.keeper})
	if err != nil {
		return nil, err
	}
	n.mesh.Refused = n.refused
	n.card.Store(n.newCard(n.keeper.machine.Self()))
	n.engine = n.newEngine(host, port, advertised)
	return n, nil
}

// start begins to listen, and to look for others.
func (n *Node) start() error {
	n.system.ProcessRegistry.RegisterAddressResolver(n.mesh.Resolver(n.system))
	if err := n.startEngine(); err != nil {
		close(n.stopped)
		return err
	}
	n.keeper.kicker = n.spawnKicker()
	n.events = n.system.EventStream.Subscribe(n.happened)
	go n.keeper.run()
	n.work.Go(func() {
		self := n.card.Load().Member
		err := n.config.Provider.Run(n.ctx, self, n.finds)
		if err != nil {
			n.log.Error("the provider has failed: nodes are not found any more", "error", err)
		}
	})
	return nil
}

// Ready waits until the node is a member, and all others have let go of what it is to have.
func (n *Node) Ready(ctx context.Context) error {
	select {
	case <-n.ready:
		return nil
	case <-n.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("cluster: not a member yet: %w", context.Cause(ctx))
	}
}

// ErrClosed is returned by a node that has left.
var ErrClosed = errors.New("cluster: the node has left")

// Address is where other nodes reach this one.
func (n *Node) Address() string { return n.card.Load().Member.Address }

// Members are the nodes of the cluster, the oldest first, as this node sees it; none while it is not one of them, or cut off.
func (n *Node) Members() []*messages.Member {
	p := n.place.Load()
	if p == nil || !n.standing() {
		return nil
	}
	return p.view.Members
}

// Owner is the address of the node that an identity of a kind lives on; empty: none.
func (n *Node) Owner(kind, identity string) string {
	return n.place.Load().owner(kind, identity).GetAddress()
}

// Close leaves at once, without a word: the others notice. Leave is the friendly way. The clients of a server that lives
// on are bound to nobody, and what they ask of virtual actors is answered with code 502.
func (n *Node) Close() {
	n.close()
}

func (n *Node) close() {
	n.closeOnce.Do(func() {
		n.beginning.Lock()
		n.cancel()
		n.beginning.Unlock()
		<-n.stopped
		n.mesh.Close()
		n.work.Wait()
		if n.events != nil {
			n.system.EventStream.Unsubscribe(n.events)
			n.system.Root.Stop(n.keeper.kicker)
		}
		n.stopEngine()
	})
}

func (n *Node) newCard(self *messages.Member) *messages.Card {
	return &messages.Card{Cluster: n.config.Name, Version: peer.Version, Member: self, Types: n.types}
}

// Cluster is what supervisor.Config.Cluster wants: the node, as a server on it sees it.
func (n *Node) Cluster() actors.Cluster { return gateway{n} }
