package cluster

import (
	"context"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// By chooses the virtual actor for a request, by its identity: text of at most 256 bytes, else the answer is code 400. It runs on the client's reader and must not
// block; its error is the answer.
type By func(r *messages.Request) (identity string, err error)

// ByUID gives each user an actor. Who is not bound to a user is refused with code 401.
func ByUID(r *messages.Request) (string, error) {
	if uid := r.GetSession().GetUid(); uid != "" {
		return uid, nil
	}
	return "", messages.NewError(codeUnauthorized, "not logged in")
}

// BySession gives each client an actor.
func BySession(r *messages.Request) (string, error) { return r.GetSession().GetId(), nil }

// BySetting gives an actor to those whose sessions have the same value under a key: the name of the group,
// the room, the match they are in. Who has none is refused with code 409.
func BySetting(key string) By {
	return func(r *messages.Request) (string, error) {
		if v := r.GetSession().GetSettings()[key]; len(v) > 0 {
			return string(v), nil
		}
		return "", messages.NewError(messages.CodeConflict, "no "+key)
	}
}

// ByName sends all requests to one actor, wherever it lives.
func ByName(identity string) By {
	return func(*messages.Request) (string, error) { return identity, nil }
}

// codeUnauthorized is HTTP's.
const codeUnauthorized = 401

// RouteConfig says how requests find their virtual actor.
type RouteConfig struct {
	// Kind of the actors. Empty means the route's prefix.
	Kind string
	// By chooses among them. Nil means ByUID.
	By By
	// Idempotent says which requests may be handled twice: they are sent once more when the node is lost that
	// had them. Nil means none; others are answered with code 502 then.
	Idempotent func(r *messages.Request) bool
}

// Route sends requests under prefix to virtual actors, wherever they live. While nobody has them, or the node is cut
// off, requests are answered with code 502 at once.
func (n *Node) Route(prefix string, c RouteConfig) actors.Route {
	if c.Kind == "" {
		c.Kind = prefix
	}
	if c.By == nil {
		c.By = ByUID
	}
	return actors.Elsewhere(prefix, func(r *messages.Request) (actors.Away, error) { return n.away(&c, r) })
}

// away finds the actor of a request by the view: no other node is asked.
func (n *Node) away(c *RouteConfig, r *messages.Request) (to actors.Away, err error) {
	if r.Identity, err = c.By(r); err != nil {
		return actors.Away{}, err
	}
	if err := checkRequest(r.Identity, r); err != nil {
		return actors.Away{}, err
	}
	owner := n.place.Load().owner(c.Kind, r.Identity)
	if owner == nil || !n.standing() {
		return actors.Away{}, errUnavailable
	}
	to.PID = hostPID(owner.Address, c.Kind, r.Identity)
	to.Idempotent = c.Idempotent != nil && c.Idempotent(r)
	return to, nil
}

// errUnavailable is the answer while nobody can have the request.
var errUnavailable = messages.NewError(messages.CodeUnavailable, "unavailable")

// hostPID is the actor that makes, and finds, those of the identities of a kind on a node.
func hostPID(address, kind, identity string) *actor.PID {
	return actor.NewPID(address, actors.HostName(kind, actors.HostShard(identity)))
}

// Tell sends a request to a virtual actor, wherever it lives, with nobody to answer to. It does not wait; an error says that
// there is no way to it, now. The request must not be changed any more.
func (n *Node) Tell(kind, identity string, r *messages.Request) error {
	if err := checkRequest(identity, r); err != nil {
		return err
	}
	owner := n.place.Load().owner(kind, identity)
	if owner == nil || !n.standing() {
		return errUnavailable
	}
	r.Identity = identity
	n.system.Root.Send(hostPID(owner.Address, kind, identity), r)
	return nil
}

// Find is the PID of a virtual actor, which is made where it lives if it is not there. It is good until the actor moves.
// The node that has it is waited for, for 3 s at most.
func (n *Node) Find(ctx context.Context, kind, identity string) (*actor.PID, error) {
	return n.find(ctx, kind, identity)
}
