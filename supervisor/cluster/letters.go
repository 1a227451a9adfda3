package cluster

import (
	"errors"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// refused is called for a message to another node that cannot be sent: a request is answered, others are dead
// letters, which answer who waits.
func (n *Node) refused(to *actor.PID, msg any, sender *actor.PID, why error) {
	req, ok := msg.(*messages.Request)
	tree := n.tree.Load()
	if !ok || tree == nil {
		n.system.EventStream.Publish(&actor.DeadLetterEvent{PID: to, Message: msg, Sender: sender})
		return
	}
	err := errUnavailable
	if errors.Is(why, peer.ErrBusy) {
		err = messages.NewError(messages.CodeBusy, "busy")
	}
	tree.LostRequest(req, sender, err)
}

// happened hears of the system's events, on whatever goroutine: it must not wait for the keeper, who may be the cause.
func (n *Node) happened(event any) {
	switch e := event.(type) {
	case *remote.EndpointTerminatedEvent:
		n.soon(func() { n.keeper.broken(e.Address) })
	case *actor.DeadLetterEvent:
		if req, ok := e.Message.(*messages.Request); ok {
			n.unheard(e.PID, req, e.Sender)
		}
	}
}

// dyingTime is how long the engine may still give messages to a stream that has ended.
const dyingTime = 100 * time.Millisecond

// broken is when the engine's stream to a node has ended. What was on its way may be lost, though the node is still
// a member: it is not waited for, nor for what goes the same way a moment later.
func (k *keeper) broken(address string) {
	if !k.place.Load().has(address) {
		return
	}
	k.lost(address)
	time.AfterFunc(dyingTime, func() { k.soon(func() { k.lost(address) }) })
}

// unheard answers a request to a virtual actor that has come here before there is a server, or after it has ended. No
// server does that itself.
func (n *Node) unheard(to *actor.PID, req *messages.Request, from *actor.PID) {
	ours := func(kind string) bool { return to.Id == actors.HostName(kind, actors.HostShard(req.Identity)) }
	if to == nil || !slices.ContainsFunc(n.config.kinds(), ours) {
		return
	}
	if from == nil {
		from = req.GetSession().GetSocket()
	}
	switch {
	case from == nil:
	case req.Notify:
		n.system.Root.Send(from, &messages.Done{Seq: req.Seq})
	default:
		n.system.Root.Send(from, req.Fail(errUnavailable))
	}
}
