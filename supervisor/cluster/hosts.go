package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	engine "github.com/asynkron/protoactor-go/cluster"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// hosts make the virtual actors of a node, one for each kind. They are there while the tree is.
type hosts struct {
	mu   sync.Mutex // they come and go while streams ask for them
	kind map[string]*actors.Host
}

func (h *hosts) of(kind string) *actors.Host {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kind[kind]
}

func (h *hosts) set(kind map[string]*actors.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kind = kind
}

func (h *hosts) all() (all []*actors.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.kind {
		all = append(all, one)
	}
	return all
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
		if err := h.Moved(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, actors.ErrStopping) {
			n.log.Warn("virtual actors have not stopped in time", "error", err)
		}
	}
}

// stopHosts lets go of everything.
func (n *Node) stopHosts() {
	ctx, cancel := context.WithTimeout(context.Background(), handOverTime)
	defer cancel()
	for _, h := range n.hosts.all() {
		if err := h.StopAll(ctx); err != nil && !errors.Is(err, actors.ErrStopping) {
			n.log.Warn("virtual actors have not stopped in time", "error", err)
		}
	}
}

// lost answers the requests in flight to nodes that are gone. The user's functions are asked about those that may be sent
// again: the keeper does not wait for them.
func (k *keeper) lost(addresses ...string) {
	tree := k.tree.Load()
	if tree == nil || len(addresses) == 0 {
		return
	}
	k.work.Go(func() {
		for _, address := range addresses {
			tree.Lost(address)
		}
	})
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
