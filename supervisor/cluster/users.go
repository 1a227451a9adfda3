package cluster

import (
	"context"
	"errors"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

// Standing tells whether users may count as bound.
func (g gateway) Standing() bool { return g.standing() }

// Claim asks the user's registrar, unless the user has a name that it could not be told. The keeper may be who calls.
func (g gateway) Claim(s *messages.Session, uid string, done func(error)) {
	if err := checkName("uid", uid); err != nil {
		done(err)
		return
	}
	k, once := g.keeper, sync.Once{}
	answer := func(err error) { once.Do(func() { done(err) }) }
	g.soon(func() { k.settle(k.desk.Claim(k.now(), s, uid, answer)) })
	if g.ctx.Err() != nil {
		answer(errUnavailable) // the keeper may have heard of it, or not
	}
}

// Release tells it that the login is over. The keeper may be who calls: it must not wait for itself.
func (g gateway) Release(s *messages.Session) {
	k := g.keeper
	g.soon(func() { k.settle(k.desk.Release(k.now(), s)) })
}

// PushUsers sends p to all sockets of some users.
func (g gateway) PushUsers(p *messages.Push, uids []string) error { return g.Push(p, uids...) }

// KickUser ends all sockets of a user.
func (g gateway) KickUser(uid, reason string) error { return g.Kick(uid, reason) }

// Push sends p to all sockets of some users, on any node. It does not wait, and does not tell whether there
// are any; ErrClosed when the node has left.
func (n *Node) Push(p *messages.Push, uids ...string) error {
	k := n.keeper
	return n.told(func() { k.settle(k.desk.Push(k.now(), p, uids)) })
}

// Kick ends all sockets of a user, on any node.
func (n *Node) Kick(uid, reason string) error {
	k := n.keeper
	return n.told(func() { k.settle(k.desk.Kick(k.now(), uid, reason)) })
}

// Set changes settings of all sessions of a user, on any node; an empty value removes one.
func (n *Node) Set(uid string, settings map[string][]byte) error {
	k := n.keeper
	return n.told(func() { k.settle(k.desk.Set(k.now(), uid, settings)) })
}

func (n *Node) told(f func()) error {
	if !n.do(f) {
		return ErrClosed
	}
	return nil
}

// Logins are the sockets that a user is bound to, on any node, the oldest first. The user's registrar is asked: an error says
// that it cannot tell, now.
func (n *Node) Logins(ctx context.Context, uid string) ([]*messages.Login, error) {
	type answer struct {
		logins []*messages.Login
		err    error
	}
	c := make(chan answer, 1)
	k := n.keeper
	ok := n.do(func() {
		k.settle(k.desk.Ask(k.now(), uid, func(logins []*messages.Login, err error) { c <- answer{logins, err} }))
	})
	if !ok {
		return nil, ErrClosed
	}
	select {
	case a := <-c:
		return a.logins, a.err
	case <-n.ctx.Done():
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// IsOnline tells whether a user is bound to a socket, on any node.
func (n *Node) IsOnline(ctx context.Context, uid string) (bool, error) {
	logins, err := n.Logins(ctx, uid)
	return len(logins) > 0, err
}

// settle does what the registry says, in its order: what ends first, callers last.
func (k *keeper) settle(out registry.Out) {
	tree := k.tree.Load()
	for _, l := range out.Unbind {
		if tree != nil {
			tree.UnbindSession(l.SessionId, k.config.Unbound)
		}
	}
	for _, l := range out.Kick {
		k.system.Root.RequestWithCustomSender(l.Socket, &messages.Kick{Reason: olderLogin}, k.kicker)
	}
	for _, l := range out.Send {
		if k.mesh.Send(l.To, l.Peer) != nil {
			k.missed[l.To] = true
		}
	}
	for _, d := range out.Deliver {
		if tree != nil {
			k.deliver(tree, d)
		}
	}
	for _, done := range out.Done {
		k.work.Go(done) // it may have more for the keeper to do
	}
}

// deliver is for sockets of this node.
func (k *keeper) deliver(tree *actors.Running, l registry.Local) {
	switch {
	case l.Push != nil:
		tree.PushSockets(l.Push, l.Sockets)
	case l.Kick != nil:
		for _, pid := range l.Sockets {
			k.system.Root.Send(pid, &messages.Kick{Reason: l.Kick.Reason})
		}
	case l.Set != nil:
		for _, pid := range l.Sockets {
			k.system.Root.Send(pid, &messages.Set{Settings: l.Set.Settings})
		}
	}
}

// olderLogin is what the client of an older login is told.
const olderLogin = "another login"

// spawnKicker makes the actor that hears when a kicked socket has gone.
func (n *Node) spawnKicker() *actor.PID {
	k := n.keeper
	return n.system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*messages.Kicked); ok { // a dead letter may only say that its gate is out of reach
			n.do(func() { k.settle(k.desk.Kicked(k.now(), m.SessionId)) })
		}
	}))
}

var errNoTree = errors.New("cluster: nothing has been started here")
