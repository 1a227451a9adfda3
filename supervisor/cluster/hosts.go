package cluster

import (
	"context"
	"fmt"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	engine "github.com/asynkron/protoactor-go/cluster"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// hosts make the virtual actors of a node, one for each kind. They are there once the tree is; they do not change then.
type hosts struct {
	mu   sync.Mutex // they come and go while streams ask for them
	kind map[string]*actors.Host
}

func (h *hosts) of(kind string) *actors.Host {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kind[kind]
}

func (h *hosts) all() (all []*actors.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.kind {
		all = append(all, one)
	}
	return all
}

// Begin takes the tree. Package actors calls it.
func (g gateway) Begin(r *actors.Running, ended <-chan struct{}) error {
	if !g.tree.CompareAndSwap(nil, r) {
		return fmt.Errorf("cluster: the node has a server already")
	}
	kinds := map[string]*actors.Host{}
	for _, k := range g.config.Kinds {
		h, err := r.Host(k.Name, actors.HostConfig{
			Handlers: k.Handlers, Props: k.Props, Most: k.Most, Idle: k.Idle,
			Owns: func(identity string) actors.Ownership { return g.owns(k.Name, identity) },
		})
		if err != nil {
			return err
		}
		kinds[k.Name] = h
	}
	for _, k := range g.config.Grains {
		h, err := r.Host(k.Kind, actors.HostConfig{
			Props: g.grain(k.Kind),
			Owns:  func(identity string) actors.Ownership { return g.owns(k.Kind, identity) },
		})
		if err != nil {
			return err
		}
		kinds[k.Kind] = h
	}
	g.hosts.mu.Lock()
	g.hosts.kind = kinds
	g.hosts.mu.Unlock()
	g.work.Go(func() {
		select {
		case <-ended:
		case <-g.ctx.Done():
		}
	})
	return nil
}

// grain is the props of a kind of the engine's, whose actors know their identity as the engine has it.
func (n *Node) grain(kind string) *actor.Props {
	return n.engine.GetClusterKind(kind).Props.Clone(actor.WithOnInit(func(ctx actor.Context) {
		engine.SetClusterIdentity(ctx, engine.NewClusterIdentity(actors.HostIdentity(ctx.Self()), kind))
	}))
}

// owns tells a host whether an identity lives here, now. The zero value: nobody knows, yet.
func (n *Node) owns(kind, identity string) actors.Ownership {
	p := n.place.Load()
	owner := p.owner(kind, identity)
	switch {
	case owner == nil || !n.standing():
		return actors.Ownership{}
	case owner.Id != p.self.Id:
		return actors.Ownership{Address: owner.Address}
	}
	return actors.Ownership{Mine: p.keeps(kind, identity)}
}

// moveHosts lets go of what lives elsewhere now, and takes up what waits.
func (n *Node) moveHosts(ctx context.Context) {
	for _, h := range n.hosts.all() {
		if err := h.Moved(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("virtual actors have not stopped in time", "error", err)
		}
	}
}

// stopHosts lets go of everything.
func (n *Node) stopHosts() {
	ctx, cancel := context.WithTimeout(context.Background(), handOverTime)
	defer cancel()
	for _, h := range n.hosts.all() {
		if err := h.StopAll(ctx); err != nil {
			n.log.Warn("virtual actors have not stopped in time", "error", err)
		}
	}
}

// lost answers the requests in flight to a node that is gone.
func (n *Node) lost(address string) {
	if tree := n.tree.Load(); tree != nil {
		tree.Lost(address)
	}
}

// lostAll does so for all other nodes: this one is cut off.
func (n *Node) lostAll() {
	for _, address := range n.place.Load().others("") {
		n.lost(address)
	}
}

// find asks for a virtual actor's PID where it lives.
func (n *Node) find(ctx context.Context, kind, identity string) (*actor.PID, error) {
	if err := checkRequest(identity, nil); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	defer context.AfterFunc(n.ctx, cancel)()
	p := n.place.Load()
	owner := p.owner(kind, identity)
	switch {
	case owner == nil || !n.standing():
		return nil, errUnavailable
	case owner.Id == p.self.Id:
		h := n.hosts.of(kind)
		if h == nil {
			return nil, errNoTree
		}
		return h.PID(ctx, identity)
	}
	ask, answers := n.asked.ask(owner.Address)
	defer n.asked.close(ask)
	q := &messages.PidAsk{Ask: ask, Kind: kind, Identity: identity}
	if err := n.mesh.Send(owner.Address, &messages.Peer{Body: &messages.Peer_PidAsk{PidAsk: q}}); err != nil {
		return nil, err
	}
	m, err := next(ctx, answers)
	if err != nil {
		return nil, err
	}
	a, ok := m.(*messages.PidAnswer)
	switch {
	case !ok:
		return nil, fmt.Errorf("cluster: an answer to another question")
	case a.Error != nil:
		return nil, a.Error
	}
	return a.Pid, nil
}

// tellPID answers another node.
func (n *Node) tellPID(to *messages.Member, q *messages.PidAsk) {
	ctx, cancel := context.WithTimeout(n.ctx, askTime)
	defer cancel()
	a := &messages.PidAnswer{Ask: q.Ask}
	h := n.hosts.of(q.Kind)
	err := error(errNoTree)
	if h != nil {
		a.Pid, err = h.PID(ctx, q.Identity)
	}
	if err != nil {
		a.Error = messages.NewError(messages.CodeUnavailable, err.Error())
	}
	_ = n.mesh.Send(to.Address, &messages.Peer{Body: &messages.Peer_PidAnswer{PidAnswer: a}})
}
