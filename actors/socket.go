package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// socketBurst is how many messages a socket handles in one run on a sender's
// goroutine before the queue takes over.
const socketBurst = 64

// socket stands for one client: its mailbox and its methods. What belongs to
// the living wire is the link, which outlives a restart; link.serve, started
// once by the shard, is the only reader of its Conn.
type socket struct {
	node *node
	link *link // looked up at the first message: all sockets share their Props
}

// failure is what a goroutine of the link panicked with.
type failure struct{ reason any }

func (s *socket) Receive(ctx actor.Context) {
	if s.link == nil {
		if s.link = s.node.linkOf(ctx.Self()); s.link == nil {
			return // Started comes before there is one, Stopped after
		}
	}
	switch m := ctx.Message().(type) {
	case *messages.Bind:
		s.bound(ctx, s.link.bind(m.Uid))
	case *messages.Unbind:
		s.link.unbind()
		s.bound(ctx, nil)
	case *messages.Set:
		s.link.set(m.Settings)
	case *failure:
		panic(fmt.Sprint("outside Receive: ", m.reason))
	default:
		s.link.handle(m, ctx.Sender())
	}
}

// handle does what a message asks for. Handlers and batchers call it as well: what they
// send must not be overtaken on its way through a mailbox.
func (l *link) handle(msg any, from *actor.PID) {
	switch m := msg.(type) {
	case *messages.Response:
		l.respond(m)
	case *messages.Done:
		l.done(m.Seq)
	case *messages.Push:
		l.push(m)
	case *messages.SendBatch:
		l.sendBatch(m)
	case *messages.Kick:
		l.kick(connectors.Reason{Cause: messages.CauseKicked, Text: m.Reason}, true, from)
	case *messages.Close:
		l.kick(connectors.Reason{Cause: messages.CauseClosed, Text: m.Reason}, false, from)
	}
}

// takes tells whether handle knows what to do with msg.
func (*link) takes(msg any) bool {
	switch msg.(type) {
	case *messages.Response, *messages.Done, *messages.Push, *messages.SendBatch, *messages.Kick, *messages.Close:
		return true
	}
	return false
}

// bound answers who asked for a Bind or an Unbind, if they want an answer.
func (s *socket) bound(ctx actor.Context, err error) {
	if ctx.Sender() == nil {
		return
	}
	m := &messages.Bound{Session: s.link.session.Load()}
	if err != nil {
		m.Error = messages.AsError(err)
	}
	ctx.Respond(m)
}
