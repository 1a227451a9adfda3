package actors

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// awayTime is how long a client's socket on another node has to answer.
const awayTime = 3 * time.Second

// isAway tells whether a PID is another node's, in a cluster.
func (n *node) isAway(pid *actor.PID) bool {
	return n.Cluster != nil && pid != nil && pid.Address != n.system.Address()
}

// Session is what is known of the client that asks, at this moment. What was known when it
// asked is in the Request. Of a client of another node it is that, and what the handler itself has changed.
func (c *Context) Session() *messages.Session {
	if l := c.route.linkOf(c.socket); l != nil {
		return l.who()
	}
	if c.session != nil {
		return c.session
	}
	return c.req.GetSession()
}

// who is the session as it counts at this moment: a node that is cut off may not have learnt yet that its clients
// are bound to nobody.
func (l *link) who() *messages.Session {
	s := l.session.Load()
	if l.Cluster != nil && s.Uid != "" && !l.Cluster.Standing() {
		return s.WithUID("")
	}
	return s
}

// Bind says which user the client is. It fails with code 409 when the client is another
// user, or when the user is logged in already and newer logins are refused, with
// code 410 when the client is leaving, and with code 502 when its node does not answer. In a cluster it waits
// until that has decided, and so do the other requests of the route: where many log in at once, see Reply.Bind.
func (c *Context) Bind(uid string) error {
	if l := c.route.linkOf(c.socket); l != nil {
		return l.bind(uid)
	}
	return c.askSocket(&messages.Bind{Uid: uid})
}

// Unbind takes a Bind back.
func (c *Context) Unbind() {
	if l := c.route.linkOf(c.socket); l != nil {
		l.unbind()
	} else {
		_ = c.askSocket(&messages.Unbind{}) // who has gone is not bound
	}
}

// Set keeps a value with the client's session; an empty one removes it.
func (c *Context) Set(key string, value []byte) {
	changes := map[string][]byte{key: value}
	if l := c.route.linkOf(c.socket); l != nil {
		l.set(changes)
	} else if c.route.node.isAway(c.socket) {
		c.Send(c.socket, &messages.Set{Settings: changes})
		c.session = c.Session().WithSettings(changes)
	}
}

// askSocket asks the socket of the client, who is another node's, and notes what it says.
func (c *Context) askSocket(msg any) error {
	s, err := c.route.node.askSocket(c.socket, msg)
	if err == nil {
		c.session = s
	}
	return err
}

// Bind is Context.Bind for who answers later. It may be called on any goroutine, so that other requests of the
// route do not wait for the cluster:
//
//	later := c.Defer()
//	go func() {
//		if err := later.Bind(uid); err != nil {
//			later.Fail(err)
//			return
//		}
//		later.Send(welcome)
//	}()
func (r *Reply) Bind(uid string) error {
	n := r.route.node
	if l := n.linkOf(r.socket); l != nil {
		return l.bind(uid)
	}
	_, err := n.askSocket(r.socket, &messages.Bind{Uid: uid})
	return err
}

// askSocket asks a socket on another node, and waits for what it says.
func (n *node) askSocket(socket *actor.PID, msg any) (*messages.Session, error) {
	gone := messages.NewError(messages.CodeGone, "the client has left")
	if !n.isAway(socket) {
		return nil, gone
	}
	answer, err := n.root.RequestFuture(socket, msg, awayTime).Result()
	m, ok := answer.(*messages.Bound)
	switch {
	case errors.Is(err, actor.ErrDeadLetter):
		return nil, gone
	case err != nil || !ok:
		return nil, unavailable()
	case m.Error != nil:
		return nil, m.Error
	}
	return m.Session, nil
}
