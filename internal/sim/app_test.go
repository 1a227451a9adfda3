package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/eventstream"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// app is what a user of fairlead would write, in a bad mood.
type app struct {
	rig         *rig
	events      *actor.PID
	plain       []*actor.PID
	subscribers int32
	subs        []*eventstream.Subscription
	laters      sync.WaitGroup // answers that are to come
}

func newApp(r *rig) *app {
	x := &app{rig: r, subscribers: r.system.EventStream.Length()}
	stubborn := actor.WithGuardian(actor.NewRestartingStrategy())
	x.events = r.system.Root.Spawn(actor.PropsFromFunc(x.event, stubborn))
	for _, lane := range []string{"plain", "pick"} {
		p := &plain{x, lane}
		x.plain = append(x.plain, r.system.Root.Spawn(actor.PropsFromFunc(p.receive, stubborn)))
	}
	for _, f := range []func(any){x.fact, x.factPanics} {
		x.subs = append(x.subs, r.system.EventStream.Subscribe(f))
	}
	return x
}

// close is called in the bubble.
func (x *app) close() {
	x.laters.Wait()
	for _, pid := range append(x.plain, x.events) {
		_ = x.rig.system.Root.StopFuture(pid).Wait()
	}
	for i := len(x.subs) - 1; i >= 0; i-- {
		x.rig.system.EventStream.Unsubscribe(x.subs[i])
	}
}

// fact writes down how a connection ended.
func (x *app) fact(ev any) {
	if m, ok := ev.(*messages.Closed); ok {
		if c := x.rig.behind(m.Session.RemoteAddr); c != nil {
			c.gone.Store(true)
			x.rig.write(event{what: closed, client: c.no, cause: m.Cause, text: fmt.Sprintf("%s, %d unsent", m.Reason, m.Unsent)})
		}
	}
}

func (x *app) factPanics(ev any) {
	if m, ok := ev.(*messages.Closed); ok {
		x.rig.behind(m.Session.RemoteAddr).trip("panicSubscriber")
	}
}

// event is the actor that the configuration names.
func (x *app) event(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *messages.Connected:
		c := x.rig.behind(m.Session.RemoteAddr)
		c.pid.Store(m.Session.Socket)
		c.note(connected, m.Session.Socket.Id)
		c.trip("panicEvents")
	case *messages.Closed:
		c := x.rig.behind(m.Session.RemoteAddr)
		c.note(toldClosed, "")
		c.trip("panicEvents")
	}
}

func check(typ, _ string) bool {
	if typ == "panicCheck" {
		panic("sim: check")
	}
	return typ != "oldClient"
}

// handshake runs in the bubble.
func handshake(ctx context.Context, h *connectors.Hello) (any, error) {
	var user struct{ Do string }
	_ = json.Unmarshal(h.User, &user)
	switch user.Do {
	case "panicHook":
		panic("sim: hook")
	case "hookRefuses":
		return nil, messages.NewError(403, "no")
	case "hookHangs":
		<-ctx.Done()
		return nil, ctx.Err()
	case "hookSlow":
		time.Sleep(500 * time.Millisecond)
	}
	return map[string]int{"level": 1}, nil
}

// in is the body of a request, out that of an answer.
type (
	in struct {
		Tag int
		End string
	}
	out struct {
		Tag int `json:"tag"`
	}
)

// UnmarshalJSON panics when the body says so.
func (i *in) UnmarshalJSON(b []byte) error {
	type bare in
	err := json.Unmarshal(b, (*bare)(i))
	if i.End == "panicBody" {
		panic("sim: body")
	}
	return err
}

func (x *app) routes() []actors.Route {
	one, two := actors.NewRoute("one"), actors.NewRoute("two")
	two.Actors = 2
	actors.Handle(one, "do", x.handler(func(*client) string { return "one" }))
	actors.Handle(two, "do", x.handler(func(c *client) string { return fmt.Sprint("two/", c.no) }))
	return []actors.Route{
		one, two,
		actors.PerSession("own", x.own),
		actors.RoutePID("plain", x.plain[0]),
		actors.RouteFunc("pick", func(_ *messages.Session, route string) *actor.PID {
			if route == "pick.boom" {
				panic("sim: route function")
			}
			return x.plain[1]
		}),
	}
}

// own makes the actor of a session, when its client has good luck.
func (x *app) own(s *messages.Session) *actors.Handlers {
	c := x.rig.behind(s.RemoteAddr)
	if c.failed++; c.failed <= c.plan.Maker {
		c.note(tripped, "panicMaker")
		panic("sim: maker")
	}
	h := actors.NewRoute("own")
	actors.Handle(h, "do", x.handler(func(c *client) string { return fmt.Sprint("own/", c.no) }))
	return h
}

func (x *app) filters() []actors.Filter {
	return []actors.Filter{func(next actors.Handler) actors.Handler {
		return func(c *actors.Context, b []byte) ([]byte, error) {
			tag, _ := tagOf(b)
			a := x.rig.asked(tag)
			if a.End == "panicFilter" && a.Tag%2 == 0 {
				panic("sim: filter, before")
			}
			b, err := next(c, b)
			if a.End == "panicFilter" {
				panic("sim: filter, after")
			}
			return b, err
		}
	}}
}

// handler runs in the bubble; lane names what one actor of the route does for a client.
func (x *app) handler(lane func(*client) string) func(*actors.Context, *in) (*out, error) {
	return func(c *actors.Context, b *in) (*out, error) {
		a, cl := x.rig.asked(b.Tag), x.rig.behind(c.Request().Session.RemoteAddr)
		s := handlerOf(x, c, lane(cl))
		x.rig.write(event{what: called, client: cl.no, tag: a.Tag, lane: s.direct})
		for _, o := range a.Script {
			s.do(cl, o)
		}
		if strings.HasPrefix(a.End, "later") || a.End == "overdue" {
			x.later(c.Defer(), a, cl)
			return nil, nil
		}
		if a.End == "sleep" {
			time.Sleep(a.For)
		}
		x.rig.write(event{what: ending, client: cl.no, tag: a.Tag, lane: s.direct})
		return x.end(c, a)
	}
}

var errPlain = errors.New("sim: an error that is not for clients")

const refusal = 422

func (x *app) end(c *actors.Context, a *ask) (*out, error) {
	switch a.End {
	case "fail":
		return nil, messages.NewError(refusal, "no")
	case "error":
		return nil, errPlain
	case "panicHandler":
		panic("sim: handler")
	case "never":
		c.Defer()
	case "twice":
		r := c.Defer()
		if err := r.Send(out{a.Tag}); err != nil {
			x.rig.exceed(a.Client, "a reply did not work: "+err.Error())
		}
		if err := r.Send(out{a.Tag}); !errors.Is(err, actors.ErrReplied) {
			x.rig.exceed(a.Client, "a reply worked twice")
		}
	}
	return &out{a.Tag}, nil
}

// later answers from a goroutine, in the bubble.
func (x *app) later(r *actors.Reply, a *ask, cl *client) {
	x.laters.Go(func() {
		d := a.For
		if a.End == "overdue" {
			d += requestTimeout
		}
		time.Sleep(d)
		x.rig.write(event{what: ending, client: cl.no, tag: a.Tag})
		if a.End == "laterFail" {
			_ = r.Fail(messages.NewError(refusal, "no"))
		} else {
			_ = r.Send(out{a.Tag})
		}
	})
}
