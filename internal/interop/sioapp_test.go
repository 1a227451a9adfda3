package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
	"unicode/utf16"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// sioApp is the application that the socket.io kit expects: connector.interopHandler.*.
type sioApp struct {
	root *actor.RootContext
	pid  *actor.PID // it is told of comings and goings

	mu   sync.Mutex
	live map[string]int // clients by token
}

func newSioApp() *sioApp { return &sioApp{live: map[string]int{}} }

// letIn keeps what a client says of itself with its session.
func (a *sioApp) letIn(_ context.Context, h *connectors.Hello) (any, error) {
	var said struct {
		Query struct{ Token string }
		Auth  struct{ Token string }
	}
	_ = json.Unmarshal(h.Raw, &said)
	h.Settings = map[string][]byte{"auth": h.User, "query": []byte(said.Query.Token), "token": []byte(said.Query.Token)}
	if said.Auth.Token != "" {
		h.Settings["token"] = []byte(said.Auth.Token)
	}
	return nil, nil
}

// Receive counts clients in and out. Who wishes for it is greeted.
func (a *sioApp) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *messages.Connected:
		a.count(m.Session, 1)
		if string(m.Session.Settings["token"]) == "greet me" {
			ctx.Send(m.Session.Socket, &messages.Push{Route: "onGreeting", Body: []byte("{}")})
		}
	case *messages.Closed:
		a.count(m.Session, -1)
	case *caughtUp:
		ctx.Respond(m)
	}
}

// caughtUp comes back when what was told before has been counted.
type caughtUp struct{}

func (a *sioApp) count(s *messages.Session, by int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	token := string(s.Settings["token"])
	a.live[token] += by
	return a.live[token]
}

type jsonObject = map[string]any

func (a *sioApp) routes() *actors.Handlers {
	h := actors.NewRoute("connector.interopHandler")
	actors.HandleRaw(h, "echo", func(c *actors.Context, body []byte) ([]byte, error) {
		c.Attach(c.Request().Attachments...)
		return body, nil
	})
	for name, fn := range map[string]func(*actors.Context, jsonObject) (any, error){
		"inspect": inspectUnits, "hello": sayHello, "note": takeNote, "lastNote": lastNote, "push": pushTest,
		"batch": batchTest, "fail": failTest, "stats": a.stats, "kick": kickTest, "drop": dropTest,
	} {
		actors.HandleRaw(h, name, func(c *actors.Context, body []byte) ([]byte, error) {
			var in jsonObject
			_ = json.Unmarshal(body, &in)
			out, err := fn(c, in)
			if out == nil {
				return nil, err
			}
			b, _ := json.Marshal(out)
			return b, err
		})
	}
	return h
}

func inspectUnits(_ *actors.Context, in jsonObject) (any, error) {
	text, _ := in["text"].(string)
	return jsonObject{"units": utf16.Encode([]rune(text))}, nil
}

func sayHello(*actors.Context, jsonObject) (any, error) {
	return jsonObject{"text": "Zoë € 漢字 😀"}, nil
}

func takeNote(c *actors.Context, in jsonObject) (any, error) {
	note, err := json.Marshal(in)
	c.Set("note", note)
	c.Set("notes", append(c.Session().Settings["notes"], '.'))
	return nil, err
}

func lastNote(c *actors.Context, _ jsonObject) (any, error) {
	s := c.Session().Settings
	return jsonObject{"note": json.RawMessage(s["note"]), "notes": len(s["notes"])}, nil
}

func pushTest(c *actors.Context, in jsonObject) (any, error) {
	n, _ := in["n"].(float64)
	for i := range int(n) { // each for itself
		c.Send(c.Socket(), &messages.Push{Route: "onTest", Body: fmt.Appendf(nil, `{"seq":%d}`, i), Urgent: true})
	}
	return jsonObject{"code": 200, "sent": int(n)}, nil
}

func batchTest(c *actors.Context, in jsonObject) (any, error) {
	n, _ := in["n"].(float64)
	for i := range int(n) {
		if err := c.Push("onTest", jsonObject{"seq": i}); err != nil {
			return nil, err
		}
	}
	return jsonObject{"code": 200}, nil
}

func failTest(c *actors.Context, _ jsonObject) (any, error) {
	return jsonObject{"code": 500, "route": c.Request().Route}, messages.NewError(500, "")
}

func (a *sioApp) stats(c *actors.Context, _ jsonObject) (any, error) {
	if _, err := a.root.RequestFuture(a.pid, &caughtUp{}, time.Second).Result(); err != nil {
		return nil, err
	}
	s := c.Session()
	var auth, query any
	if b := s.Settings["auth"]; b != nil {
		auth = json.RawMessage(b)
	}
	if b := s.Settings["query"]; b != nil {
		query = string(b)
	}
	return jsonObject{"live": a.count(s, 0), "transport": s.Transport, "auth": auth, "query": jsonObject{"token": query}}, nil
}

func kickTest(c *actors.Context, in jsonObject) (any, error) {
	reason, _ := in["reason"].(string)
	c.Send(c.Socket(), &messages.Kick{Reason: reason})
	return nil, nil
}

// dropTest has the client come back: it is not told to stay away.
func dropTest(c *actors.Context, _ jsonObject) (any, error) {
	c.Send(c.Socket(), &messages.Kick{RetryAfterMs: uint32(time.Millisecond.Milliseconds())})
	return nil, nil
}
