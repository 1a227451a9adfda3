package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/supervisor"
)

// lingerTime is how long a node that has left sends on what others still send it.
const lingerTime = 500 * time.Millisecond

// Drain ends a node in good order: what it owns goes to others, its clients are asked to go as
// supervisor.Fairlead.Drain does it, and then it is no member any more. When ctx ends it hurries.
func (n *Node) Drain(ctx context.Context, f *supervisor.Fairlead) (supervisor.Drained, error) {
	retired := n.retire(ctx)
	drained, err := f.Drain(ctx)
	left := n.Leave(ctx)
	return drained, errors.Join(retired, err, left)
}

// retire makes the node a member that owns nothing, and waits until the others have taken over.
func (n *Node) retire(ctx context.Context) error {
	k := n.keeper
	if !n.do(func() { k.follow(k.machine.Retire(k.now())) }) {
		return ErrClosed
	}
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		p := n.place.Load()
		if p == nil || len(p.view.Members) == 1 || p.self.Retiring && p.settled {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("cluster: not all has been handed over: %w", context.Cause(ctx))
		case <-n.ctx.Done():
			return ErrClosed
		}
	}
}

// Leave takes the node out of the cluster, and ends its part of the engine. A node without a server, or whose
// server has ended, leaves so; the others, by Drain.
func (n *Node) Leave(ctx context.Context) error {
	k := n.keeper
	defer n.close()
	if !n.do(func() { k.follow(k.machine.Leave(k.now())) }) {
		return ErrClosed
	}
	select {
	case <-n.left:
	case <-n.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("cluster: left without a word: %w", context.Cause(ctx))
	}
	select { // others learn of it a little later
	case <-time.After(lingerTime):
	case <-ctx.Done():
	}
	return nil
}
