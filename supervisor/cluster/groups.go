package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// gateway is a node as the tree of package actors sees it.
type gateway struct{ *Node }

// Fanout sends one message to each other gate, where it is encoded once for each kind of client.
func (g gateway) Fanout(to *messages.Audience, p *messages.Push) error {
	return g.toGates(&messages.Peer{Body: &messages.Peer_Fanout{Fanout: &messages.Fanout{To: to, Push: p}}})
}

func (g gateway) toGates(p *messages.Peer) (err error) {
	for _, address := range g.others() {
		if e := g.mesh.Send(address, p); e != nil {
			err = errors.Join(err, fmt.Errorf("cluster: node %s: %w", address, e))
		}
	}
	return err
}

// others are the other gates, none while the node is cut off.
func (g gateway) others() []string {
	if !g.standing() {
		return nil
	}
	return g.place.Load().others(Gate)
}

func (g gateway) Join(group string, socket *actor.PID)  { g.membership(group, socket, false) }
func (g gateway) Leave(group string, socket *actor.PID) { g.membership(group, socket, true) }

func (g gateway) membership(group string, socket *actor.PID, leave bool) {
	m := &messages.Membership{Group: group, Socket: socket, Leave: leave}
	err := g.mesh.Send(socket.Address, &messages.Peer{Body: &messages.Peer_Membership{Membership: m}})
	if err != nil {
		g.log.Warn("a group misses a client of another node", "group", group, "node", socket.Address, "error", err)
	}
}

// Members asks all other gates. One that is lost meanwhile has none.
func (g gateway) Members(ctx context.Context, of *messages.Audience) (sessions []*messages.Session, err error) {
	for _, address := range g.others() {
		some, err := g.membersAt(ctx, address, of)
		if err != nil && g.place.Load().has(address) {
			return nil, fmt.Errorf("cluster: members at %s: %w", address, err)
		}
		sessions = append(sessions, some...)
	}
	return sessions, nil
}

func (g gateway) membersAt(ctx context.Context, address string, of *messages.Audience) (sessions []*messages.Session, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	ask, answers := g.asked.ask(address)
	defer g.asked.close(ask)
	q := &messages.Peer{Body: &messages.Peer_MembersAsk{MembersAsk: &messages.MembersAsk{Ask: ask, Of: of}}}
	if err := g.mesh.Send(address, q); err != nil {
		return nil, err
	}
	for {
		m, err := next(ctx, answers)
		if err != nil {
			return nil, err
		}
		a, ok := m.(*messages.MembersAnswer)
		if !ok {
			return nil, errors.New("an answer to another question")
		}
		sessions = append(sessions, a.Sessions...)
		if a.Last {
			return sessions, nil
		}
	}
}

// askTime bounds how long a node waits for the answer of another.
const askTime = 3 * time.Second

// sessionsAtOnce is how many sessions one message carries.
const sessionsAtOnce = 500

// tellMembers answers another node.
func (n *Node) tellMembers(to *messages.Member, q *messages.MembersAsk) {
	ctx, cancel := context.WithTimeout(n.ctx, askTime)
	defer cancel()
	tree := n.tree.Load()
	if tree == nil {
		return
	}
	sessions, err := tree.MembersOf(ctx, q.Of)
	if err != nil {
		return
	}
	for last := false; !last; {
		some := sessions[:min(len(sessions), sessionsAtOnce)]
		sessions = sessions[len(some):]
		last = len(sessions) == 0
		a := &messages.MembersAnswer{Ask: q.Ask, Sessions: some, Last: last}
		if n.mesh.Send(to.Address, &messages.Peer{Body: &messages.Peer_MembersAnswer{MembersAnswer: a}}) != nil {
			return
		}
	}
}
