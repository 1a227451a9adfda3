package actors

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

// Context is what a handler knows of its request, and how it speaks to clients.
// It is good while the handler runs; what is to outlive it is a Reply.
//
// What one handler sends (pushes to a client, pushes to a group, its answer) arrives at
// each client in that order.
type Context struct {
	route    *routeActor
	req      *messages.Request
	kept     *messages.Request // what the handler has been given, if it asked
	socket   *actor.PID
	beside   beside
	deferred bool
	panicked bool
	session  *messages.Session // of a client of another node, if the handler has changed it
}

// Request is what the client asks. It may be kept, but its parts must not be changed.
func (c *Context) Request() *messages.Request {
	if c.kept == nil {
		c.kept = copyOf(c.req)
	}
	return c.kept
}

// copyOf is a request with the same parts: the one that came is used again once it has been handled.
func copyOf(r *messages.Request) *messages.Request {
	return &messages.Request{
		Id: r.Id, Route: r.Route, Body: r.Body, Session: r.Session, Seq: r.Seq, Deadline: r.Deadline,
		Encoding: r.Encoding, Notify: r.Notify, Metadata: r.Metadata, Attachments: r.Attachments, Arguments: r.Arguments,
		Identity: r.Identity, Hops: r.Hops,
	}
}

// checkDepth refuses JSON that is nested deeper than Limits.JSONDepth, before values are built.
func (c *Context) checkDepth(b []byte) error {
	if c.req.Encoding != messages.JSON {
		return nil
	}
	return body.CheckDepth(b, c.route.node.JSONDepth)
}

// Identity is whom the virtual actor stands for that handles the request, empty for what is none.
func (c *Context) Identity() string { return c.req.Identity }

// Socket is the actor of the client that asks.
func (c *Context) Socket() *actor.PID { return c.socket }

// Push sends v, as JSON, to the client that asks. It fails when v has no JSON form.
func (c *Context) Push(route string, v any) error { return c.PushSocket(c.socket, route, v) }

// PushSocket sends v, as JSON, to the client behind any socket.
func (c *Context) PushSocket(socket *actor.PID, route string, v any) error {
	p, err := jsonPush("", route, v)
	if err == nil {
		c.Send(socket, p)
	}
	return err
}

// PushTo sends v, as JSON, to all sockets of some users, and returns how many there were. In a cluster it
// counts those on this node, users' sockets on others get it too, and it may come before or behind what else the
// handler sends.
func (c *Context) PushTo(route string, v any, uids ...string) (sockets int, err error) {
	p, err := jsonPush("", route, v)
	if err != nil {
		return 0, err
	}
	return c.route.node.pushUsers(c.route.lanes, p, uids)
}

// KickUID kicks all sockets of a user, and returns how many there were: in a cluster, on this node, and as
// for order it is like PushTo.
func (c *Context) KickUID(uid, reason string) (sockets int) {
	return c.route.node.kickUser(c.route.lanes, uid, reason)
}

// Send sends any message of package messages to a socket (Push, Kick, Close, …), or
// anything to any other actor.
func (c *Context) Send(to *actor.PID, msg any) {
	c.route.send(to, msg)
}

// Group is the group of that name. It exists while it has members.
func (c *Context) Group(name string) Group {
	return Group{node: c.route.node, to: audience{name: name}, lanes: c.route.lanes}
}

// All is the group of all clients that are ready.
func (c *Context) All() Group {
	return Group{node: c.route.node, to: audience{all: true}, lanes: c.route.lanes}
}

// Attach sends bytes along with the answer, where the client's wire can (socket.io): its body holds
// {"_placeholder":true,"num":i} in place of each. It keeps them.
func (c *Context) Attach(parts ...[]byte) { c.beside.attach(parts) }

// Append sends JSON values behind the answer, as further arguments of the client's function, where its wire
// can (socket.io). It keeps them.
func (c *Context) Append(values ...[]byte) { c.beside.append(values) }

// beside is what an answer has besides its body.
type beside struct{ attachments, arguments [][]byte }

func (b *beside) attach(parts [][]byte)  { b.attachments = append(b.attachments, parts...) }
func (b *beside) append(values [][]byte) { b.arguments = append(b.arguments, values...) }

// Defer lets the handler answer later: what it returns is ignored, and the Reply
// answers. The request keeps its slot and its deadline.
func (c *Context) Defer() *Reply {
	c.deferred = true
	return &Reply{route: c.route, req: c.req, socket: c.socket, beside: c.beside}
}

// ending is the message that ends a request: a Done for a notify.
func ending(n *node, req *messages.Request, a answer) any {
	if a.err != nil {
		return failed(n, req, a.body, a.err)
	}
	if req.Notify {
		return &messages.Done{Seq: req.Seq}
	}
	m := req.Reply(a.body)
	m.Attachments, m.Arguments = a.beside.attachments, a.beside.arguments
	return m
}

// answer is what a handler has to say.
type answer struct {
	body   []byte
	beside beside
	err    error
}

// failed is ending for errors. What is no *messages.Error is logged, and the client sees
// nothing of it.
func failed(n *node, req *messages.Request, b []byte, err error) any {
	var known *messages.Error
	if !errors.As(err, &known) {
		if n.fault(messages.FaultHandlerError, scene{route: req.Route, session: req.GetSession().GetId(), what: err}) {
			n.log.Error("handler failed", "route", req.Route, "error", err)
		}
		b = nil
	}
	if req.Notify {
		return &messages.Done{Seq: req.Seq}
	}
	m := req.Fail(err)
	m.Body, m.Encoding = b, req.Encoding
	return m
}

// ErrReplied is returned by a Reply that has been used.
var ErrReplied = errors.New("actors: request already replied to")

// Reply answers a request later, once, from any goroutine.
type Reply struct {
	route  *routeActor // its node and lanes
	req    *messages.Request
	socket *actor.PID
	used   atomic.Bool

	beside beside
}

// Attach is Context.Attach. It is called before Send.
func (r *Reply) Attach(parts ...[]byte) { r.beside.attach(parts) }

// Append is Context.Append. It is called before Send.
func (r *Reply) Append(values ...[]byte) { r.beside.append(values) }

// Send answers with v as JSON. It fails when v has no JSON form or the reply has been used.
func (r *Reply) Send(v any) error {
	b, err := body.JSON(v)
	if err != nil {
		return fmt.Errorf("reply to %s: %w", r.req.Route, err)
	}
	return r.end(b, nil)
}

// Fail answers with an error: an *messages.Error chooses the client's code.
func (r *Reply) Fail(err error) error {
	if err == nil {
		err = messages.AsError(nil)
	}
	return r.end(nil, err)
}

func (r *Reply) end(b []byte, err error) error {
	if r.used.Swap(true) {
		return ErrReplied
	}
	n := r.route.node
	if m := ending(n, r.req, answer{b, r.beside, err}); r.socket != nil {
		n.sendBehind(r.route.lanes, r.socket, m)
	}
	return nil
}
