package actors

import (
	"errors"
	"fmt"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

// Handlers is a route answered by functions. fairlead spawns an actor for it, which
// calls them one at a time: what they share needs no mutex.
type Handlers struct {
	// Actors is how many actors answer, zero means one. With more, requests of
	// one client still go to one of them, in order; but handlers run side by side, so
	// that what they share needs care.
	Actors int
	// Dispatcher runs the actors. Nil: fairlead's own queue of kept goroutines, and, for as long as the
	// handlers are quick, whoever brings a request. Handlers may block on either.
	Dispatcher actor.Dispatcher

	prefix  string
	table   map[string]Handler
	filters []Filter
	err     error // the mistakes made, for Start to report
	pids    []*actor.PID
	desks   []*desk // of pids
}

// Handler answers one name: the body as it came, and the body to answer with. It may
// keep the body it is given, but not change it.
type Handler func(c *Context, body []byte) ([]byte, error)

// Filter wraps a handler: it sees each request before the handler and each outcome after
// it, may answer instead of it, and runs in the route's actor as it does.
type Filter func(next Handler) Handler

// NewRoute makes a route that answers prefix.name for every name given to Handle.
// Handlers are added before the server starts.
func NewRoute(prefix string) *Handlers {
	return &Handlers{prefix: prefix, table: map[string]Handler{}}
}

// Use puts filters around all handlers of the route, the first one outermost.
func (h *Handlers) Use(filters ...Filter) { h.filters = append(h.filters, filters...) }

// Handle lets f answer name (which may have dots) under h's prefix. The body is read into
// In and Out is written as package body does it: JSON, or protobuf for protobuf
// messages. An empty body is the zero In, a nil Out the empty object. A body that does not fit
// In is answered with code 400, an error that is no *messages.Error with code 500; with an
// *messages.Error, Out, if it is not nil, is what the client gets.
func Handle[In, Out any](h *Handlers, name string, f func(c *Context, in *In) (*Out, error)) {
	if f == nil {
		h.add(name, nil)
		return
	}
	read, write := body.Of[In](), body.Of[Out]()
	h.add(name, func(c *Context, b []byte) ([]byte, error) {
		in, e := new(In), c.req.Encoding
		err := c.checkDepth(b)
		if err == nil {
			err = read.Read(e, b, in)
		}
		if err != nil {
			return nil, messages.NewError(messages.CodeBadRequest, "body: "+err.Error())
		}
		out, err := f(c, in)
		if out == nil {
			return nil, err
		}
		b, failed := write.Write(e, out)
		return b, errors.Join(err, failed)
	})
}

// On lets f hear name: Handle for what has no answer but that it was done.
func On[In any](h *Handlers, name string, f func(c *Context, in *In) error) {
	if f == nil {
		h.add(name, nil)
		return
	}
	Handle(h, name, func(c *Context, in *In) (*struct{}, error) { return nil, f(c, in) })
}

// HandleRaw lets f answer name with bytes: what comes back is JSON unless the request says
// otherwise. An empty answer is the empty object.
func HandleRaw(h *Handlers, name string, f Handler) { h.add(name, f) }

func (h *Handlers) add(name string, f Handler) {
	var err error
	switch {
	case f == nil:
		err = fmt.Errorf("route %q: handler %q is nil", h.prefix, name)
	case name == "":
		err = fmt.Errorf("route %q: a handler without a name", h.prefix)
	case h.table[name] != nil:
		err = fmt.Errorf("route %q: handler %q is there twice", h.prefix, name)
	case h.pids != nil:
		err = fmt.Errorf("route %q: handler %q comes after the start", h.prefix, name)
	}
	if err != nil {
		h.err = errors.Join(h.err, err)
		return
	}
	h.table[name] = f
}

// Prefix is what the names answered begin with.
func (h *Handlers) Prefix() string { return h.prefix }

// Names are the full names of what h answers.
func (h *Handlers) Names() (names []string) {
	for name := range h.table {
		names = append(names, strings.TrimPrefix(h.prefix+"."+name, "."))
	}
	return names
}

// PID is the route's actor, the first if there are several, once the server has started,
// nil before. It handles *messages.Request like those that clients send; one that asks from
// inside the server has a Request sent to it with itself as the sender.
func (h *Handlers) PID() *actor.PID {
	if len(h.pids) == 0 {
		return nil
	}
	return h.pids[0]
}

func (h *Handlers) target() *target { return &target{pids: h.pids, desks: h.desks, ours: true} }

// desk is for one of its actors, unless they run on a dispatcher of the user's.
func (h *Handlers) desk() *desk {
	if h.Dispatcher != nil {
		return nil
	}
	return newDesk()
}

func (h *Handlers) check() error {
	for _, f := range h.filters {
		if f == nil {
			return errors.Join(h.err, fmt.Errorf("route %q: a filter is nil", h.prefix))
		}
	}
	if h.Actors < 0 {
		return fmt.Errorf("route %q: Actors is %d", h.prefix, h.Actors)
	}
	return h.err
}

// filtered is the table with all filters around its handlers: those of all
// routes outside those of this one.
func (h *Handlers) filtered(global []Filter) map[string]Handler {
	table := make(map[string]Handler, len(h.table))
	for name, f := range h.table {
		for _, list := range [][]Filter{h.filters, global} {
			for i := len(list) - 1; i >= 0; i-- {
				f = list[i](f)
			}
		}
		table[name] = f
	}
	return table
}

// routeActor calls the handlers of one route. It is stateless but for what it
// remembers of its own sending; a panic of a handler stays in its request.
type routeActor struct {
	node    *node
	prefix  string
	table   map[string]Handler
	remake  func() (map[string]Handler, error) // nil: handlers go on after a panic
	lanes   []lane
	desk    *desk    // nil for who has none
	context *Context // kept for the next request, unless a handler has deferred its answer

	asked    *connectors.Inbound // of asks, what is being handled
	codec    connectors.Codec    // its client's
	gather   *gather             // what may hold answers: nothing if what follows may take long
	lastPID  *actor.PID          // the socket sent to last
	last     *link               // and its link, nil if it has none here
	response messages.Response
}

// newRouteActor makes an actor of a route. lanes outlive it: one that is replaced must not
// overtake what it has sent.
func newRouteActor(n *node, prefix string, table map[string]Handler, lanes []lane) *routeActor {
	return &routeActor{node: n, prefix: prefix, table: table, lanes: lanes}
}

// at gives r a desk, which may be nil.
func (r *routeActor) at(d *desk) *routeActor {
	r.desk = d
	return r
}

func (r *routeActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *asks:
		r.lastPID, r.last = m.link.pid, m.link
		r.attend(m.link)
		if r.codec = m.link.currentCodec(); r.desk.brisk() {
			r.gather = &r.desk.held
		}
		for m.done < len(m.list) {
			m.done++
			r.asked = &m.list[m.done-1]
			if r.handle(r.asked.Request, m.link.pid) {
				r.asked.Free()
			}
		}
		r.asked, r.codec, r.gather = nil, nil, nil
		m.free()
	case *messages.Request:
		sender := asker(m, ctx.Sender())
		r.attend(r.linkOf(sender))
		r.handle(m, sender)
	}
}

// attend turns to a client, whose link is nil if it has none here. An answer that is held for another one waits no more.
func (r *routeActor) attend(l *link) {
	if r.desk != nil && !r.desk.held.holds(l) {
		r.desk.held.flush()
	}
}

// handle tells whether nobody has the request any more.
func (r *routeActor) handle(req *messages.Request, sender *actor.PID) (done bool) {
	c := r.context
	if c == nil {
		c = &Context{}
	}
	*c = Context{route: r, req: req, socket: sender}
	r.context = nil
	b, err := r.call(c)
	if c.panicked {
		r.answer(c, nil, messages.AsError(nil))
		r.panicked(c)
		return false
	}
	if c.deferred {
		return false
	}
	r.answer(c, b, err)
	c.req, c.kept = nil, nil
	r.context = c
	return true
}

// panicked counts the panic against the client, and makes the handlers anew where that is wanted.
func (r *routeActor) panicked(c *Context) {
	if l := r.linkOf(c.socket); l != nil && l.offended() {
		r.send(c.socket, &throwOut{}) // behind the answer
	}
	if r.remake == nil {
		return
	}
	table, err := r.remake()
	if err != nil {
		r.node.log.Error("route not restarted", "route", r.prefix, "error", err)
		return
	}
	r.table = table
	r.node.fault(messages.FaultRouteRestarted, scene{route: r.prefix})
}

// answer ends a request. One that went well, of a client that is here, needs no message of its
// own: what a Response would say is used up before the next request is handled.
func (r *routeActor) answer(c *Context, b []byte, err error) {
	if c.socket == nil {
		return
	}
	l := r.linkOf(c.socket)
	if err != nil || c.req.Notify || l == nil || !r.lanes[l.batcher.k].empty() {
		r.send(c.socket, ending(r.node, c.req, answer{b, c.beside, err}))
		return
	}
	m := &r.response
	m.Seq, m.Body, m.Encoding = c.req.Seq, b, c.req.Encoding
	m.Attachments, m.Arguments = c.beside.attachments, c.beside.arguments
	if in := r.asked; in != nil && in.Request == c.req {
		l.reply(r.codec, origin(in), m, r.gather)
	} else {
		l.respond(m)
	}
	m.Body, m.Attachments, m.Arguments = nil, nil, nil
}

// call runs the handler; its panic is code 500 for this request and one log line.
func (r *routeActor) call(c *Context) (b []byte, err error) {
	f := r.table[r.name(c.req.Route)]
	if f == nil {
		return nil, messages.AsError(nil)
	}
	defer func() {
		if p := recover(); p != nil {
			c.panicked = true
			if r.node.fault(messages.FaultHandlerPanic, scene{route: c.req.Route, session: c.req.GetSession().GetId(), what: p}) {
				r.node.log.Error("panic in a handler", "route", c.req.Route,
					"panic", fmt.Sprint(p), "stack", trace("(*routeActor).call"))
			}
		}
	}()
	return f(c, c.req.Body)
}

// send is node.sendBehind for the route's own goroutine. It remembers the last socket's
// link: most of what a handler sends goes to the client that asks.
func (r *routeActor) send(to *actor.PID, msg any) {
	r.node.sendTo(r.linkOf(to), r.lanes, to, msg)
}

func (r *routeActor) linkOf(socket *actor.PID) *link {
	if socket != r.lastPID {
		r.lastPID, r.last = socket, r.node.linkOf(socket)
	}
	return r.last
}

// name is what follows the prefix and its dot.
func (r *routeActor) name(route string) string {
	if r.prefix == "" {
		return route
	}
	return strings.TrimPrefix(route[len(r.prefix):], ".")
}
