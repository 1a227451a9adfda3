package actors_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// Senders besides the routes, whose numbers are their own.
const (
	soloSender     = 10 // and the client's number
	outsideGroups  = 20 // outside handlers each kind of sending keeps its order
	outsideSockets = 21
	outsideUsers   = 22
	mainSender     = 23
	laterSender    = 100 // and the tag behind which it answers
)

// voice is what a handler and the world outside have in common.
type voice interface {
	Send(to *actor.PID, msg any)
	Group(name string) actors.Group
	All() actors.Group
	PushTo(route string, v any, uids ...string) (int, error)
	KickUID(uid, reason string) int
}

// crowd speaks from outside all handlers.
type crowd struct {
	*actors.Running
	root *actor.RootContext
}

func (c crowd) Send(to *actor.PID, msg any) { c.root.Send(to, msg) }

// begin does one action.
func (p *play) begin(round, nth int) {
	a := &p.schedule.Rounds[round].Actions[nth]
	switch a.Do {
	case outside:
		for _, o := range a.Script {
			p.do(crowd{p.tree, p.system.Root}, outsider(o), -1, o)
		}
		return
	case dial:
		p.dial()
		return
	}
	no := a.Client % len(p.tapes)
	c, w := p.tapes[no], p.clients[no]
	if c.gone {
		return
	}
	switch a.Do {
	case ask:
		id := uint64(round*100 + nth)
		w.asked = append(w.asked, id)
		c.send(fmt.Sprintf("R %d r%d.do %d %d %d", id, a.Route, round, nth, no))
	case notify:
		c.send(fmt.Sprintf("N r%d.do %d %d %d", a.Route, round, nth, no))
	case hold:
		w.held = true
		c.until.Store(int64(p.now() + a.For))
	case hangUp:
		p.write(&note{op: op{Do: hangUp, Who: no}, sender: mainSender, self: no})
		c.gone = true
		c.send("EOF")
	}
}

func outsider(o op) int {
	switch o.Do {
	case push, pushKeyed, pushUrgent, kick, closeIt, kickUser:
		return outsideSockets
	case userPush:
		return outsideUsers
	}
	return outsideGroups
}

// kept is an answer that the next handler gives.
type kept struct {
	reply *actors.Reply
	self  int
	id    uint64
}

// handler runs the scripts of requests. A route numbered routes has an actor for each client.
func (s *stage) handler(route int) actors.Handler {
	var waiting map[*play]kept
	return func(c *actors.Context, body []byte) ([]byte, error) {
		p, a, self := s.play.read(body)
		sender := route
		if route == routes {
			sender = soloSender + self
		}
		for _, o := range a.Script {
			p.do(c, sender, self, o)
		}
		if k, ok := waiting[p]; ok {
			n := p.write(&note{op: op{Do: answer}, sender: sender, self: k.self, id: k.id})
			_ = k.reply.Send(n.tag)
		}
		waiting = nil
		if c.Request().Notify {
			return nil, nil
		}
		me := kept{self: self, id: c.Request().Id}
		switch a.End {
		case later:
			p.answerLater(c.Defer(), me, a.For, sender)
		case keep:
			me.reply = c.Defer()
			waiting = map[*play]kept{p: me}
		case never:
			c.Defer()
		case overdue:
			r := c.Defer()
			time.AfterFunc(requestTimeout+expiry, func() { _ = r.Send("late") })
		case twice:
			n := p.write(&note{op: op{Do: answer}, sender: sender, self: self, id: me.id})
			c.Send(c.Socket(), c.Request().Reply(strconv.AppendInt(nil, int64(n.tag), 10)))
			return []byte("again"), nil
		case fail:
			p.write(&note{op: op{Do: fail}, sender: sender, self: self, id: me.id})
			return nil, messages.NewError(403, "no")
		default:
			n := p.write(&note{op: op{Do: answer}, sender: sender, self: self, id: me.id})
			return strconv.AppendInt(nil, int64(n.tag), 10), nil
		}
		return nil, nil
	}
}

// read finds the action that a request's body names.
func (p *play) read(body []byte) (*play, *action, int) {
	var round, no, self int
	if _, err := fmt.Sscan(string(body), &round, &no, &self); err != nil {
		panic(err)
	}
	return p, &p.schedule.Rounds[round].Actions[no], self
}

// answerLater answers from a goroutine of its own.
func (p *play) answerLater(r *actors.Reply, k kept, after time.Duration, sender int) {
	p.mu.Lock()
	behind := &note{tag: len(p.notes) - 1, sender: sender}
	me := laterSender + p.laters // a sender of its own
	p.laters++
	p.mu.Unlock()
	time.AfterFunc(after, func() {
		n := p.write(&note{op: op{Do: answer}, sender: me, self: k.self, id: k.id, behind: behind})
		_ = r.Send(n.tag)
	})
}

// do does one thing and notes it.
func (p *play) do(v voice, sender, self int, o op) {
	if o.Do == nap {
		p.sleep(napTime)
		return
	}
	c, inside := v.(*actors.Context)
	if !inside && (o.Do == bind || o.Do == unbind) {
		return
	}
	var who *actor.PID
	o.Who, who = p.socket(o.Who)
	n := p.write(&note{op: o, sender: sender, self: self})
	word := &messages.Push{Route: "p", Body: []byte(strconv.Itoa(n.tag)), Urgent: o.Do == pushUrgent}
	if n.key() != "" {
		word.Key = "key " + strconv.Itoa(o.Key)
	}
	user, group := "u"+strconv.Itoa(o.User), v.Group("g"+strconv.Itoa(o.Group))
	switch o.Do {
	case push, pushKeyed, pushUrgent:
		v.Send(who, word)
	case groupPush, groupKeyed:
		group.Send(word)
	case groupExcept:
		group.Except(who).Send(word)
	case groupWhere:
		group.Where(even).Send(word)
	case groupBound:
		group.Bound().Send(word)
	case allPush, allKeyed:
		v.All().Send(word)
	case userPush:
		n.count, _ = v.PushTo("p", json.Number(strconv.Itoa(n.tag)), user)
	case join:
		group.Join(who)
	case leave:
		group.Leave(who)
	case members:
		p.ask(group, n)
	case bind:
		n.done = c.Bind(user) == nil
	case unbind:
		c.Unbind()
	case kick:
		v.Send(who, &messages.Kick{Reason: strconv.Itoa(n.tag)})
	case closeIt:
		v.Send(who, &messages.Close{Reason: strconv.Itoa(n.tag)})
	case kickUser:
		v.KickUID(user, strconv.Itoa(n.tag))
	}
}

// ask asks who is in the group.
func (p *play) ask(g actors.Group, n *note) {
	p.naps.Add(1)
	defer p.naps.Add(-1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sessions, err := g.Members(ctx)
	if err != nil {
		p.t.Errorf("members: %v", err)
	}
	for _, s := range sessions {
		n.found = append(n.found, p.client(s))
	}
}
