package sim_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// hands is what somebody can do to clients: a handler, or somebody outside all handlers.
type hands interface {
	send(to *actor.PID, msg any)
	groupOf(name string) actors.Group
	all() actors.Group
	pushTo(uid string, v any)
	bind(c *client, uid string) (sure bool)
}

type handlerHands struct{ c *actors.Context }

func (h handlerHands) send(to *actor.PID, msg any)      { h.c.Send(to, msg) }
func (h handlerHands) groupOf(name string) actors.Group { return h.c.Group(name) }
func (h handlerHands) all() actors.Group                { return h.c.All() }
func (h handlerHands) pushTo(uid string, v any)         { _, _ = h.c.PushTo("onUser", v, uid) }
func (h handlerHands) bind(_ *client, uid string) bool  { return h.c.Bind(uid) == nil }

// outsideHands are those of plain actors, and of who runs the schedule.
type outsideHands struct{ rig *rig }

func (o outsideHands) send(to *actor.PID, msg any)      { o.rig.system.Root.Send(to, msg) }
func (o outsideHands) groupOf(name string) actors.Group { return o.rig.fl.Group(name) }
func (o outsideHands) all() actors.Group                { return o.rig.fl.All() }
func (o outsideHands) pushTo(uid string, v any)         { _, _ = o.rig.fl.PushTo("onUser", v, uid) }

func (o outsideHands) bind(c *client, uid string) bool {
	o.send(c.pid.Load(), &messages.Bind{Uid: uid})
	return false
}

// sender does ops and writes them down. What it sends directly, to groups and to users
// are three orders, unless it is a handler.
type sender struct {
	app                 *app
	by                  hands
	direct, group, user string
}

// handlerOf is one with a single order.
func handlerOf(x *app, c *actors.Context, lane string) *sender {
	return &sender{x, handlerHands{c}, lane, lane, lane}
}

// outsiderOf is one with three.
func outsiderOf(x *app, name string) *sender {
	return &sender{x, outsideHands{x.rig}, name + "/direct", name + "/group", name + "/user"}
}

// do runs in the bubble. self is the client it is about, if the op does not name another.
func (s *sender) do(self *client, o op) {
	r := s.app.rig
	if o.Do == "other" {
		self = r.clients[o.Who]
	}
	if self.pid.Load() == nil {
		return // not in yet: its handlers know it earlier, but nobody else does
	}
	e := event{what: did, client: self.no, lane: s.direct, op: o}
	switch {
	case o.toGroup() || o.Do == "all" || o.Do == "join" || o.Do == "leave":
		e.lane = s.group
	case o.Do == "user":
		e.lane = s.user
	}
	if o.Do == "kickSelf" {
		r.write(event{what: fault, client: self.no, text: "kick"})
	}
	tag := r.write(e).tag
	switch {
	case o.toGroup() || o.Do == "all":
		s.toMany(o, out{tag})
	case o.pushes() && o.Do != "user":
		s.by.send(self.pid.Load(), push(o, tag))
	default:
		s.change(self, o, tag)
	}
}

// push is what an op sends to one client.
func push(o op, tag int) *messages.Push {
	p := &messages.Push{Route: "onPush", Body: fmt.Appendf(nil, `{"tag":%d}`, tag), Key: o.key()}
	p.Urgent, p.Lossy = o.Do == "urgent", o.lossy()
	switch {
	case o.Do == "flood":
		p.Body = fmt.Appendf(nil, `{"tag":%d,"pad":%q}`, tag, strings.Repeat("x", floodBytes))
	case o.boom() && o.Key == 1:
		p.Route = boomRoute
	case o.boom():
		p.Route = customBoom // without an Encode of the connector's own it is a route like others
	}
	return p
}

func (s *sender) toMany(o op, v out) {
	g := s.by.groupOf(groupName(o.Group))
	switch o.Do {
	case "all":
		g = s.by.all()
	case "where", "whereBoom":
		g = g.Where(func(m *messages.Session) bool {
			c := s.app.rig.behind(m.RemoteAddr)
			if o.Do == "whereBoom" && c.no%2 == 1 {
				panic("sim: where")
			}
			return c.no%2 == 0
		})
	}
	g.Send(push(o, v.Tag))
}

// change does what is no push, or one to a user.
func (s *sender) change(self *client, o op, tag int) {
	r, pid, uid := s.app.rig, self.pid.Load(), userName(o.User)
	switch o.Do {
	case "user":
		s.by.pushTo(uid, out{tag})
	case "join":
		s.by.groupOf(groupName(o.Group)).Join(pid)
	case "leave":
		s.by.groupOf(groupName(o.Group)).Leave(pid)
	case "bind":
		if s.by.bind(self, uid) {
			r.write(event{what: bound, client: self.no, lane: s.direct, op: o})
		}
	case "unbind":
		s.by.send(pid, &messages.Unbind{})
	case "set":
		s.by.send(pid, &messages.Set{Settings: map[string][]byte{"k": {byte(o.Key)}}})
	case "nap":
		time.Sleep(napTime)
	case "kickSelf":
		s.by.send(pid, &messages.Kick{Reason: kickReason})
	}
}

const (
	kickReason = "enough"
	napTime    = 7 * time.Millisecond
)

func groupName(no int) string { return fmt.Sprint("g", no) }

// plain is an actor of the user's that answers requests.
type plain struct {
	app  *app
	lane string
}

// receive runs in the bubble.
func (p *plain) receive(ctx actor.Context) {
	req, ok := ctx.Message().(*messages.Request)
	if !ok {
		return
	}
	tag, _ := tagOf(req.Body)
	r := p.app.rig
	a, cl := r.asked(tag), r.behind(req.Session.RemoteAddr)
	s := outsiderOf(p.app, p.lane)
	r.write(event{what: called, client: cl.no, tag: a.Tag, lane: p.lane})
	for _, o := range a.Script {
		s.do(cl, o)
	}
	switch a.End {
	case "never", "overdue":
		return
	case "panicPlain":
		panic("sim: plain actor")
	}
	r.write(event{what: ending, client: cl.no, tag: a.Tag, lane: s.direct})
	switch body := fmt.Appendf(nil, `{"tag":%d}`, a.Tag); a.End {
	case "fail":
		ctx.Respond(req.Fail(messages.NewError(refusal, "no")))
	case "error":
		ctx.Respond(req.Fail(errPlain))
	case "twice":
		ctx.Respond(req.Reply(body))
		ctx.Respond(req.Reply(body))
	default:
		ctx.Respond(req.Reply(body))
	}
}

// drained waits, at most for a while, until the server is.
func (r *rig) drained() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, _ = r.fl.Drain(ctx)
}

func userName(no int) string { return fmt.Sprint("u", no) }
