package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// socketBurst is how many messages a socket handles in one run on a sender's
// goroutine before the queue takes over.
const socketBurst = 64

// socket stands for one client: its mailbox and its methods. What belongs to
// the living wire is the link, which outlives a restart; link.start, called
// once by the shard, makes the only reader of its Conn, or its sink.
type socket struct {
	node *node
	link *link // looked up at the first message: all sockets share their Props
}

// throwOut closes a client whose requests make handlers panic.
type throwOut struct{}

// failure is what a goroutine of the link panicked with.
type failure struct{ reason any }

func (s *socket) Receive(ctx actor.Context) {
	if s.link == nil {
		if s.link = s.node.linkOf(ctx.Self()); s.link == nil {
			return // Started comes before there is one, Stopped after
		}
	}
	if m, ok := ctx.Message().(*failure); ok {
		panic(fmt.Sprint("outside Receive: ", m.reason))
	}
	s.link.obey(ctx.Message(), ctx.Sender())
}

// obey does what a message to the client's socket says, and returns false when it says
// nothing to a link. Handlers and batchers call it on their own goroutine, not through the
// mailbox: that may be running on another one, and then what comes after the message, but
// goes another way, would overtake it.
func (l *link) obey(msg any, from *actor.PID) bool {
	switch m := msg.(type) {
	case *messages.Response:
		l.respond(m)
	case *messages.Done:
		l.done(m.Seq)
	case *messages.Push:
		if l.push(m); from != nil {
			l.heed(from)
		}
	case *messages.SendBatch:
		l.sendBatch(m)
	case *messages.Kick:
		l.kick(connectors.Reason{
			Cause: messages.CauseKicked, Text: m.Reason,
			RetryAfter: time.Duration(m.RetryAfterMs) * time.Millisecond, Spread: time.Duration(m.SpreadMs) * time.Millisecond,
		}, m, from)
	case *messages.Close:
		l.kick(connectors.Reason{Cause: messages.CauseClosed, Text: m.Reason}, nil, from)
	case *throwOut:
		l.kick(connectors.Reason{Cause: messages.CauseOffending, Text: "too many failures"}, nil, nil)
	case *messages.Bind:
		l.bindLater(m.Uid, func(err error) { l.bound(from, err) })
	case *messages.Unbind:
		l.unbind()
		l.bound(from, nil)
	case *messages.Set:
		l.set(m.Settings)
	default:
		return false
	}
	return true
}
