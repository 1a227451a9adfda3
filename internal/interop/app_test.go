package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// app is the application of the recorded server: connector.entryHandler.*.
// Its handlers see bodies as Pomelo's do.
type app struct {
	fl *supervisor.Fairlead // for count; there before anybody knows the address
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
func (a *app) routes() *actors.Handlers {
	h := actors.NewRoute("connector.entryHandler")
	for name, fn := range map[string]func(*call) (any, error){
		"echo": echo, "inspect": inspect, "args": args, "reply": reply, "twice": twice, "slow": slow, "big": big,
		"fail": fail, "failWith": failWith, "failBody": failBody, "boom": boom, "never": never, "address": address,
		"bind": bind, "note": note, "noteReply": noteReply, "push": push, "broadcast": broadcast,
		"join": joinLobby, "chat": chat, "kick": kick, "kickUid": kickUID, "bye": bye, "count": a.count,
		"typed": echo, "typedInspect": typedInspect, "typedBad": typedBad, "typedDoubles": typedDoubles,
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
	if json.Unmarshal(in.body, &in.in) == nil && in.in["__route__"] != nil {
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

// typedInspect shows what the schema made of the client's bytes.
func typedInspect(c *call) (any, error) { return map[string]string{"json": string(c.body)}, nil }

// typedBad misses what the schema requires.
func typedBad(*call) (any, error) { return map[string]int{"nope": 1}, nil }

func typedDoubles(*call) (any, error) {
	return map[string][]float64{"d": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}, nil
}

var okay = map[string]bool{"ok": true}

func bind(c *call) (any, error) {
	uid, _ := c.text("uid")
	return map[string]bool{"ok": c.Bind(uid) == nil}, nil
}

func note(c *call) (any, error) {
	_, err := c.PushTo("onNote", c.body, c.Session().Uid)
	return nil, err
}

func push(c *call) (any, error) {
	route, ok := c.text("route")
	if !ok {
		route = "onPush"
	}
	n := c.number("n")
	for i := range n {
		var body any = map[string]int{"i": i}
		if given := c.in["body"]; given != nil {
			body = given
		}
		if _, err := c.PushTo(route, body, c.Session().Uid); err != nil {
			return nil, err
		}
	}
	return map[string]int{"pushed": n}, nil
}

func broadcast(c *call) (any, error) {
	to := c.All()
	if string(c.in["binded"]) == "true" {
		to = to.Bound()
	}
	route, _ := c.text("route")
	return okay, to.Push(route, c.in["body"])
}

func joinLobby(c *call) (any, error) {
	lobby := c.Group("lobby")
	lobby.Join(c.Socket())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n, err := lobby.Size(ctx)
	return map[string]int{"members": n}, err
}

func chat(c *call) (any, error) {
	from, err := json.Marshal(c.Session().Uid)
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

func kickUID(c *call) (any, error) {
	err := c.Defer().Send(okay)
	c.KickUID(c.Session().Uid, "kick")
	return nil, err
}

func bye(c *call) (any, error) {
	c.Defer()
	c.Send(c.Socket(), &messages.Close{})
	return nil, nil
}

func (a *app) count(*call) (any, error) {
	return map[string]int{"total": a.fl.Stats().Connections}, nil
}
