package interop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// app is the application of the recorded server: connector.entryHandler.*.
// Its handlers see bodies as Pomelo's do.
type app struct {
	// A mutex and not an actor: handlers run in the route's actor, events come
	// in another, and both only look something up.
	mu    sync.Mutex
	here  map[string]*actor.PID            // sessions by id
	users map[string]map[string]*actor.PID // sessions by user
	uids  map[string]string                // users by session
	lobby map[string]bool                  // who joined, by session
}

func newApp() *app {
	return &app{
		here:  map[string]*actor.PID{},
		users: map[string]map[string]*actor.PID{},
		uids:  map[string]string{},
		lobby: map[string]bool{},
	}
}

// Receive makes app the actor that is told who comes and goes.
func (a *app) Receive(ctx actor.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch m := ctx.Message().(type) {
	case *messages.Connected:
		a.here[m.Session.Id] = m.Session.Socket
	case *messages.Closed:
		id := m.Session.Id
		delete(a.here, id)
		delete(a.lobby, id)
		delete(a.users[a.uids[id]], id)
		delete(a.uids, id)
	}
}

// object is the members of a request's body.
type object = map[string]json.RawMessage

// call is what a handler gets.
type call struct {
	*actors.Context
	body json.RawMessage // any JSON value; {} for what is none
	in   object          // the members of an object
}

// routes makes the route that answers for connector.entryHandler.
func (a *app) routes() actors.Route {
	h := actors.NewRoute("connector.entryHandler")
	for name, fn := range map[string]func(*call) (any, error){
		"echo": echo, "inspect": inspect, "args": args, "reply": reply, "twice": twice, "slow": slow, "big": big,
		"fail": fail, "failWith": failWith, "failBody": failBody, "boom": boom, "never": never, "address": address,
		"bind": a.bind, "note": a.note, "noteReply": noteReply, "push": a.push, "broadcast": broadcast,
		"join": a.join, "chat": a.chat, "kick": kick, "kickUid": a.kickUid, "bye": bye, "count": a.count,
	} {
		actors.HandleRaw(h, name, func(c *actors.Context, body []byte) ([]byte, error) {
			result, err := fn(newCall(c, body))
			if err != nil || falsy(result) {
				return nil, err
			}
			return json.Marshal(result)
		})
	}
	return h
}

// newCall reads a body as Pomelo hands it to a handler: what is empty, null or
// no JSON becomes {}.
func newCall(c *actors.Context, body []byte) *call {
	in := &call{Context: c, body: body}
	if !json.Valid(body) || string(bytes.TrimSpace(body)) == "null" {
		in.body = json.RawMessage("{}")
	}
	if json.Unmarshal(in.body, &in.in) == nil {
		delete(in.in, "__route__") // Pomelo puts the route there
		in.body, _ = json.Marshal(in.in)
	}
	return in
}

// falsy tells what Pomelo answers as {}.
func falsy(v any) bool {
	b, isRaw := v.(json.RawMessage)
	if !isRaw {
		return v == nil
	}
	switch string(b) {
	case "", "null", "false", "0", `""`:
		return true
	}
	return false
}

// text is a member that is a text.
func (c *call) text(name string) (s string, ok bool) {
	return s, json.Unmarshal(c.in[name], &s) == nil && string(c.in[name]) != "null"
}

func (c *call) number(name string) (n int) {
	json.Unmarshal(c.in[name], &n) // zero if it is none
	return n
}

func echo(c *call) (any, error)      { return c.body, nil }
func reply(c *call) (any, error)     { return c.in["reply"], nil }
func noteReply(c *call) (any, error) { return object{"answered": json.RawMessage("true")}, nil }
func fail(*call) (any, error)        { return nil, errors.New("the client does not see this") }
func boom(*call) (any, error)        { panic("boom") }

func inspect(c *call) (any, error) {
	seen := struct {
		Kind  string          `json:"kind"`
		Route *string         `json:"route"`
		Body  json.RawMessage `json:"body"`
	}{Kind: kind(c.body), Body: c.body}
	if c.in != nil {
		seen.Route = &c.Request().Route
	}
	return seen, nil
}

// kind is what JavaScript says of a value's type.
func kind(b json.RawMessage) string {
	switch b[0] {
	case '{', '[':
		return "object"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	}
	return "number"
}

func args(c *call) (any, error) {
	var pair [2]json.RawMessage
	err := json.Unmarshal(c.body, &pair)
	return object{"a": pair[0], "b": pair[1]}, err
}

// failWith answers as an error with a body does: a code of its own, or 500.
func failWith(c *call) (any, error) {
	code := c.in["code"]
	if falsy(code) {
		code = json.RawMessage("500")
	}
	return object{"code": code, "why": json.RawMessage(`"because"`)}, nil
}

func failBody(c *call) (any, error) { return failWith(&call{}) }

func never(c *call) (any, error) {
	c.Defer()
	return nil, nil
}

func twice(c *call) (any, error) {
	r := c.Defer()
	r.Send(object{"n": json.RawMessage("1")})
	r.Send(object{"n": json.RawMessage("2")})
	return nil, nil
}

func slow(c *call) (any, error) {
	r, ms := c.Defer(), c.number("ms")
	time.AfterFunc(time.Duration(ms)*time.Millisecond, func() {
		r.Send(map[string]int{"slept": ms})
	})
	return nil, nil
}

func big(c *call) (any, error) {
	return map[string]string{"s": strings.Repeat("x", c.number("n"))}, nil
}

func address(c *call) (any, error) {
	ip, port, err := net.SplitHostPort(c.Session().RemoteAddr)
	return map[string]any{"ip": ip, "hasPort": port != ""}, err
}

var okay = map[string]bool{"ok": true}

func (a *app) bind(c *call) (any, error) {
	uid, _ := c.text("uid")
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users[uid] == nil {
		a.users[uid] = map[string]*actor.PID{}
	}
	a.users[uid][c.Session().Id] = c.Socket()
	a.uids[c.Session().Id] = uid
	c.Group("bound").Join(c.Socket())
	return okay, nil
}

// mine are the sockets of the user who asks.
func (a *app) mine(c *call) (uid string, sockets []*actor.PID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	uid = a.uids[c.Session().Id]
	for _, pid := range a.users[uid] {
		sockets = append(sockets, pid)
	}
	return uid, sockets
}

func (a *app) note(c *call) (any, error) {
	_, sockets := a.mine(c)
	for _, pid := range sockets {
		if err := c.PushSocket(pid, "onNote", c.body); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (a *app) push(c *call) (any, error) {
	route, ok := c.text("route")
	if !ok {
		route = "onPush"
	}
	_, sockets := a.mine(c)
	n := c.number("n")
	for i := range n {
		var body any = map[string]int{"i": i}
		if given := c.in["body"]; given != nil {
			body = given
		}
		for _, pid := range sockets {
			if err := c.PushSocket(pid, route, body); err != nil {
				return nil, err
			}
		}
	}
	return map[string]int{"pushed": n}, nil
}

func broadcast(c *call) (any, error) {
	to := c.All()
	if string(c.in["binded"]) == "true" {
		to = c.Group("bound")
	}
	route, _ := c.text("route")
	if err := to.Push(route, c.in["body"]); err != nil {
		return nil, err
	}
	return okay, nil
}

func (a *app) join(c *call) (any, error) {
	c.Group("lobby").Join(c.Socket())
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lobby[c.Session().Id] = true
	return map[string]int{"members": len(a.lobby)}, nil
}

func (a *app) chat(c *call) (any, error) {
	uid, _ := a.mine(c)
	from, err := json.Marshal(uid)
	if err != nil {
		return nil, err
	}
	said := object{"from": from, "content": c.in["content"]}
	return map[string]bool{"sent": true}, c.Group("lobby").Push("onChat", said)
}

// kick answers first. A reason that is no text gets no kick package, as in
// Pomelo.
func kick(c *call) (any, error) {
	if err := c.Defer().Send(okay); err != nil {
		return nil, err
	}
	reason, ok := c.text("reason")
	switch {
	case ok:
		c.Send(c.Socket(), &messages.Kick{Reason: reason})
	case c.in["reason"] == nil:
		c.Send(c.Socket(), &messages.Kick{Reason: "kick"})
	default:
		c.Send(c.Socket(), &messages.Close{})
	}
	return nil, nil
}

func (a *app) kickUid(c *call) (any, error) {
	if err := c.Defer().Send(okay); err != nil {
		return nil, err
	}
	_, sockets := a.mine(c)
	for _, pid := range sockets {
		c.Send(pid, &messages.Kick{Reason: "kick"})
	}
	return nil, nil
}

func bye(c *call) (any, error) {
	c.Defer()
	c.Send(c.Socket(), &messages.Close{})
	return nil, nil
}

func (a *app) count(*call) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return map[string]int{"total": len(a.here)}, nil
}
