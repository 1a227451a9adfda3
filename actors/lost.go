package actors

import (
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// undelivered sees to messages whose actor is gone.
func (n *node) undelivered(event any) {
	d, ok := event.(*actor.DeadLetterEvent)
	if !ok || d.PID == nil {
		return
	}
	n.notHandled(d.PID, d.Message, d.Sender)
}

// lost sees to messages that a mailbox did not take, or that were left in it.
func (n *node) lost(to *actor.PID, msg any) {
	_, m, sender := actor.UnwrapEnvelope(msg)
	n.notHandled(to, m, sender)
}

// notHandled answers what wants an answer, and counts the rest.
func (n *node) notHandled(to *actor.PID, msg any, sender *actor.PID) {
	switch m := msg.(type) {
	case *messages.Request:
		n.unheard(to, m, asker(m, sender))
		return
	case *asks:
		m.each(func(req *messages.Request) { n.refuse(req, asker(req, nil)) })
		return
	case *leftover:
		m.refuse(n, unavailable())
		return
	case *opened:
		if m.from.node == n {
			n.handAgain(m)
		}
		return
	}
	if _, ours := n.socketNo(to); !ours {
		return
	}
	switch msg.(type) {
	case *messages.Kick, *messages.Close:
		if sender != nil { // it is gone, as was wanted
			n.root.Send(sender, &messages.Kicked{SessionId: sessionOf(to)})
		}
	case *messages.Bind, *messages.Unbind:
		if sender != nil {
			n.root.Send(sender, &messages.Bound{Error: messages.NewError(messages.CodeGone, "the client has left")})
		}
	case *messages.Response, *messages.Done:
		n.fault(messages.FaultStale, scene{session: sessionOf(to)})
	case *messages.Push, *messages.SendBatch, *messages.Set:
		n.fault(messages.FaultUndelivered, scene{session: sessionOf(to)})
	}
}

// unheard sees to a request that has not reached its actor.
func (n *node) unheard(to *actor.PID, req *messages.Request, from *actor.PID) {
	switch s := n.hosts.shardOf(to); {
	case n.isAway(to):
		if from != nil {
			reject(n.root, req, from, unavailable())
		}
	case s != nil: // it finds a virtual actor that is there, here or elsewhere
		n.root.Send(s.pid, &actor.MessageEnvelope{Message: req, Sender: from})
	case n.Cluster != nil && strings.HasPrefix(to.GetId(), hostPrefix) && HostIdentity(to) == "": // it answers, also when there is no tree
	default:
		n.refuse(req, from)
	}
}

// refuse answers a request for which there is no room, or no actor.
func (n *node) refuse(req *messages.Request, socket *actor.PID) {
	if _, ours := n.socketNo(socket); !ours {
		if n.Cluster != nil && socket != nil && socket.Address != n.system.Address() { // another node's client
			reject(n.root, req, socket, busyError())
		}
		return
	}
	session := req.GetSession().GetId()
	n.fault(messages.FaultBusy, scene{route: req.Route, session: session})
	reject(n.root, req, socket, busyError())
}

// turnDown answers msg, if it is a request that came from somewhere, or several: err says why; nil is code 500.
func turnDown(root *actor.RootContext, msg any, err error) {
	_, m, sender := actor.UnwrapEnvelope(msg)
	down := func(req *messages.Request) {
		if to := asker(req, sender); to != nil {
			reject(root, req, to, err)
		}
	}
	switch m := m.(type) {
	case *messages.Request:
		down(m)
	case *asks:
		m.each(down)
	}
}

// asker is who wants the answer to a request: its sender, or the client's socket where it came without one.
func asker(req *messages.Request, sender *actor.PID) *actor.PID {
	if sender != nil {
		return sender
	}
	return req.GetSession().GetSocket()
}

// reject ends a request that nobody has handled.
func reject(root *actor.RootContext, req *messages.Request, socket *actor.PID, err error) {
	if req.Notify {
		root.Send(socket, &messages.Done{Seq: req.Seq})
	} else {
		root.Send(socket, req.Fail(err))
	}
}

// flooded ends the link of a socket whose mailbox is full: it takes its messages too slowly,
// whatever they are.
func (n *node) flooded(to *actor.PID, msg any) {
	if l := n.linkOf(to); l != nil {
		l.tooSlow("mailbox full")
	}
	n.lost(to, msg)
}

const (
	handEvery = 5 * time.Millisecond
	handMost  = 200 // tries: a second
)

// handAgain gives a client to another shard, when the one it was for was stopped, a little later.
func (n *node) handAgain(m *opened) {
	if m.lost++; m.lost > handMost || n.stopping.Load() {
		refuse(m.conn, connectors.Reason{Cause: messages.CauseFailed})
		return
	}
	n.links.Add(1)
	time.AfterFunc(handEvery, func() {
		defer n.links.Done()
		m.from.hand(m)
	})
}
