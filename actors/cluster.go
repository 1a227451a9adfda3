package actors

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// Cluster is what a tree knows of other nodes. Package supervisor/cluster has one; without it a tree is
// alone. None of its methods blocks, but where they have a context.
type Cluster interface {
	// Begin lends the cluster the tree: all but its clients are there, who come in when it returns. Its error
	// fails the start. The tree has ended when ended is closed. Requests to a Host that is not there, by HostName, are
	// dead letters that the cluster answers.
	Begin(r *Running, ended <-chan struct{}) error

	// Standing tells whether the node may act as a member, at this moment. Where it may not, nobody counts as bound
	// to a user. It is asked for each read of a client, and must be cheap.
	Standing() bool

	// Claim binds a user to a session wherever it may be bound, and calls done, once and in bounded time: with nil
	// when the older logins are gone that had to go, else with why not. When done(nil) has returned the session is
	// bound, or, since the client has gone meanwhile, Release has been called. A session has one claim at a time.
	Claim(s *messages.Session, uid string, done func(error))
	// Release tells that the session's binding to s.Uid is over. It is called once for each claim that was granted,
	// also from within done, and before the session's next claim.
	Release(s *messages.Session)

	// PushUsers sends p to the sockets that users have on any node, and KickUser ends those of one.
	PushUsers(p *messages.Push, uids []string) error
	KickUser(uid, reason string) error

	// Fanout sends p to the members of a group on other nodes, Members asks those nodes for their sessions.
	Fanout(to *messages.Audience, p *messages.Push) error
	Members(ctx context.Context, of *messages.Audience) ([]*messages.Session, error)
	// Join and Leave are for sockets on other nodes.
	Join(group string, socket *actor.PID)
	Leave(group string, socket *actor.PID)
}

// Away is where a request goes that Elsewhere finds an actor for.
type Away struct {
	// PID is sent the request, with the socket as its sender.
	PID *actor.PID
	// Idempotent requests are sent once more, to whom find says then, when the node of the first is lost.
	Idempotent bool
}
