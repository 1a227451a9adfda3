package actors

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// Handlers is a route answered by functions. fairlead spawns one actor for it, which
// calls them one at a time: what they share needs no mutex.
type Handlers struct {
	// Dispatcher runs the actor. Nil: fairlead's own queue of kept goroutines,
	// on which handlers may block.
	Dispatcher actor.Dispatcher

	prefix string
	table  map[string]handler
	err    error // the first mistake made, for Start to report
	pid    *actor.PID
}

// handler answers one name: body in, body out.
type handler func(c *Context, body []byte) ([]byte, error)

// NewRoute makes a route that answers prefix.name for every name given to Handle.
// Handlers are added before the server starts.
func NewRoute(prefix string) *Handlers {
	return &Handlers{prefix: prefix, table: map[string]handler{}}
}

// Handle lets f answer name (which may have dots) under h's prefix. The body is
// decoded from JSON into In, and Out encoded; an empty body is the zero In, a nil
// Out the empty object. A body that does not fit In is answered with code 400, an error
// that is no *messages.Error with code 500.
func Handle[In, Out any](h *Handlers, name string, f func(c *Context, in *In) (*Out, error)) {
	if f == nil {
		h.add(name, nil)
		return
	}
	h.add(name, func(c *Context, body []byte) ([]byte, error) {
		in := new(In)
		if len(body) > 0 {
			if err := json.Unmarshal(body, in); err != nil {
				return nil, messages.NewError(messages.CodeBadRequest, "body: "+err.Error())
			}
		}
		out, err := f(c, in)
		if out == nil || err != nil {
			return nil, err
		}
		return json.Marshal(out)
	})
}

// HandleRaw lets f answer name with bytes: the body as it came, which f may keep but not
// change, and the body to answer with, JSON unless the client's connector says otherwise.
// An empty answer is the empty object.
func HandleRaw(h *Handlers, name string, f func(c *Context, body []byte) ([]byte, error)) {
	h.add(name, f)
}

func (h *Handlers) add(name string, f handler) {
	var err error
	switch {
	case f == nil:
		err = fmt.Errorf("route %q: handler %q is nil", h.prefix, name)
	case name == "":
		err = fmt.Errorf("route %q: a handler without a name", h.prefix)
	case h.table[name] != nil:
		err = fmt.Errorf("route %q: handler %q is there twice", h.prefix, name)
	case h.pid != nil:
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

// PID is the route's actor once the server has started, nil before. It handles
// *messages.Request like those that clients send; one that asks from inside the server
// has a Request sent to it with itself as the sender.
func (h *Handlers) PID() *actor.PID { return h.pid }

func (h *Handlers) target() target { return target{pid: h.pid, ours: true} }
func (h *Handlers) check() error   { return h.err }

// routeActor calls the handlers of one route. It is stateless but for what it
// remembers of its own sending; a panic of a handler stays in its request.
type routeActor struct {
	node     *node
	handlers *Handlers
	lanes    []lane
	context  *Context // kept for the next request, unless a handler has deferred its answer
}

func (r *routeActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		r.lanes = make([]lane, len(r.node.batchers))
	case *messages.Request:
		r.handle(m, ctx.Sender())
	}
}

func (r *routeActor) handle(req *messages.Request, sender *actor.PID) {
	if sender == nil {
		sender = req.GetSession().GetSocket()
	}
	c := r.context
	if c == nil {
		c = &Context{}
	}
	*c = Context{route: r, req: req, socket: sender}
	r.context = nil
	body, err := r.call(c)
	if c.deferred {
		return
	}
	c.answer(body, err)
	r.context = c
}

// call runs the handler; its panic is code 500 for this request and one log line.
func (r *routeActor) call(c *Context) (body []byte, err error) {
	f := r.handlers.table[r.name(c.req.Route)]
	if f == nil {
		return nil, messages.AsError(nil)
	}
	defer func() {
		if p := recover(); p != nil {
			r.node.log.Error("panic in a handler", "route", c.req.Route,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			body, err = nil, messages.AsError(nil)
		}
	}()
	return f(c, c.req.Body)
}

// name is what follows the prefix and its dot.
func (r *routeActor) name(route string) string {
	if r.handlers.prefix == "" {
		return route
	}
	return strings.TrimPrefix(route[len(r.handlers.prefix):], ".")
}
