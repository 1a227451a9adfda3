package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// Mailbox makes bounded mailboxes for actors of the user's, which RoutePID and RouteFunc lead to:
// the engine's own grow without a limit, or block the sender. With most messages waiting, the
// next request is answered with code 503, other messages are lost; and so are those that are left
// when the actor stops. System messages never wait behind others.
//
//	actor.PropsFromProducer(newArena, actor.WithMailbox(actors.Mailbox(8192)))
func Mailbox(most int) actor.MailboxProducer {
	return func() actor.Mailbox {
		m := &mailbox{}
		m.kind = &mailboxKind{burst: routeBurst, limit: max(most, 1), lost: func(_ *actor.PID, msg any) {
			if c, ok := m.invoker.(actor.Context); ok {
				turnDown(c.ActorSystem().Root, msg, messages.NewError(messages.CodeBusy, "busy"))
			}
		}}
		return m
	}
}

// Answering is a strategy for the supervisor of actors of the user's: a request that one of them
// panics with is answered with code 500, then inner decides what happens to the actor. Without
// it the request is answered when its time is up.
//
//	actor.PropsFromProducer(newArena, actor.WithGuardian(actors.Answering(actor.DefaultSupervisorStrategy())))
func Answering(inner actor.SupervisorStrategy) actor.SupervisorStrategy { return answering{inner} }

type answering struct{ inner actor.SupervisorStrategy }

func (a answering) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, msg any) {
	turnDown(sys.Root, msg, nil)
	a.inner.HandleFailure(sys, sup, child, rs, reason, msg)
}
