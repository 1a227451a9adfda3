package cluster

import (
	"errors"

	"github.com/fairlead-go/fairlead/actors"
)

// Begin takes the tree. Package actors calls it. A node has one in its life, but for those that could not start.
func (g gateway) Begin(r *actors.Running, ended <-chan struct{}) error {
	g.beginning.Lock() // before close, or not at all
	defer g.beginning.Unlock()
	switch {
	case g.ctx.Err() != nil:
		return ErrClosed
	case g.begun:
		return errors.New("cluster: the node has a server already, or has had one")
	}
	kinds, err := g.open(r)
	if err != nil {
		return err
	}
	g.begun = true
	g.hosts.set(kinds)
	g.tree.Store(r)
	g.work.Go(func() {
		select {
		case <-ended:
			g.treeEnded()
		case <-g.ctx.Done():
		}
	})
	return nil
}

// treeEnded is when a node that lives has no server any more. What it owns goes to others.
func (n *Node) treeEnded() {
	n.tree.Store(nil)
	n.hosts.set(nil)
	k := n.keeper
	n.do(func() { k.follow(k.machine.Retire(k.now())) })
}

// open makes the hosts of all kinds.
func (g gateway) open(r *actors.Running) (map[string]*actors.Host, error) {
	kinds := map[string]*actors.Host{}
	for _, k := range g.config.Kinds {
		h, err := r.Host(k.Name, actors.HostConfig{
			Handlers: k.Handlers, Props: k.Props, Most: k.Most, Idle: k.Idle,
			Owns: func(identity string) actors.Ownership { return g.owns(k.Name, identity) },
		})
		if err != nil {
			return nil, err
		}
		kinds[k.Name] = h
	}
	for _, k := range g.config.Grains {
		h, err := r.Host(k.Kind, actors.HostConfig{
			Props: g.grain(k.Kind),
			Owns:  func(identity string) actors.Ownership { return g.owns(k.Kind, identity) },
		})
		if err != nil {
			return nil, err
		}
		kinds[k.Kind] = h
	}
	return kinds, nil
}
