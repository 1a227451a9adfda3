package actors_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

type in struct {
	N    int
	Text string
}

type out struct{ Sum int }

// game is a route with one handler for everything the tests need.
func game() *actors.Handlers {
	h := actors.NewRoute("game")
	actors.HandleRaw(h, "echo", func(_ *actors.Context, body []byte) ([]byte, error) { return body, nil })
	actors.Handle(h, "add.one", func(_ *actors.Context, i *in) (*out, error) { return &out{i.N + 1}, nil })
	actors.Handle(h, "none", func(*actors.Context, *in) (*out, error) { return nil, nil })
	actors.Handle(h, "refuse", func(*actors.Context, *in) (*out, error) {
		return nil, fmt.Errorf("wrapped: %w", messages.NewError(403, "not you"))
	})
	actors.Handle(h, "fail", func(*actors.Context, *in) (*out, error) { return nil, errors.New("secret") })
	actors.Handle(h, "panic", func(*actors.Context, *in) (*out, error) { panic("in a handler") })
	actors.HandleRaw(h, "never", func(c *actors.Context, _ []byte) ([]byte, error) { c.Defer(); return nil, nil })
	actors.Handle(h, "join", func(c *actors.Context, i *in) (*out, error) {
		c.Group(i.Text).Join(c.Socket())
		return nil, nil
	})
	actors.Handle(h, "leave", func(c *actors.Context, i *in) (*out, error) {
		c.Group(i.Text).Leave(c.Socket())
		return nil, nil
	})
	actors.HandleRaw(h, "say", func(c *actors.Context, body []byte) ([]byte, error) {
		return nil, c.Group("room").Push("onSay", json.RawMessage(body))
	})
	actors.HandleRaw(h, "push", func(c *actors.Context, body []byte) ([]byte, error) {
		return nil, c.Push("onPush", json.RawMessage(body))
	})
	return h
}

func withGame(t *actors.Tree, _ *place) { t.Routes = []actors.Route{game()} }

func TestRequestsAreAnswered(t *testing.T) {
	for name, c := range map[string]struct{ ask, want string }{
		"raw bytes come back as they came":        {"R 1 game.echo xyz", "1=xyz"},
		"a typed body is decoded and encoded":     {`R 2 game.add.one {"N":41}`, `2={"Sum":42}`},
		"an empty body is the zero value":         {"R 3 game.add.one", `3={"Sum":1}`},
		"no result is an empty body":              {"R 4 game.none {}", "4="},
		"a body that does not fit is code 400":    {`R 5 game.add.one {"N":"x"}`, "5!400"},
		"an *Error in the chain chooses the code": {"R 6 game.refuse {}", "6!403"},
		"any other error is code 500":             {"R 7 game.fail {}", "7!500"},
		"a panic is code 500":                     {"R 8 game.panic {}", "8!500"},
		"an unknown name of a known route is 500": {"R 9 game.nope {}", "9!500"},
		"the prefix alone is 500":                 {"R 10 game {}", "10!500"},
		"an unknown route is code 500":            {"R 11 other.echo {}", "11!500"},
		"a prefix ends at a dot":                  {"R 12 gameover.echo {}", "12!500"},
		"id 0 is an id":                           {"R 0 game.echo a", "0=a"},
		"a codec that panics is code 500":         {`R 13 game.echo "boom"`, "13!500"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, withGame, func(r *rig) {
				e := r.dial()
				e.send(c.ask)
				if got := e.batch(); !slices.Equal(got, []string{c.want}) {
					t.Errorf("answer = %q, want %q", got, c.want)
				}
				e.send("R 99 game.echo still here")
				if got := e.batch(); !slices.Equal(got, []string{"99=still here"}) {
					t.Errorf("next answer = %q, want 99=still here", got)
				}
			})
		})
	}
}

func TestRoutesResolveToTheLongestPrefix(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		for _, prefix := range []string{"", "a", "a.b", "a.b.c"} {
			h := actors.NewRoute(prefix)
			for _, name := range []string{"x", "b.x", "c", "z.z"} {
				actors.HandleRaw(h, name, func(*actors.Context, []byte) ([]byte, error) {
					return []byte(prefix + "/" + name), nil
				})
			}
			tree.Routes = append(tree.Routes, h)
		}
	}, func(r *rig) {
		e := r.dial()
		for ask, want := range map[string]string{"x": "/x", "a.x": "a/x", "a.b.x": "a.b/x", "a.b.c.x": "a.b.c/x", "a.b.c": "1!500", "z.z": "/z.z"} {
			e.send("R 1 " + ask)
			got := strings.TrimPrefix(e.batch()[0], "1=")
			if got != want {
				t.Errorf("%s was answered %q, want %q", ask, got, want)
			}
		}
	})
}

func TestPlainActorsAnswerAndPush(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		tree.Routes = []actors.Route{
			actors.RouteFunc("shard", func(s *messages.Session, route string) *actor.PID {
				if route == "shard.none" {
					return nil
				}
				return tree.Events
			}),
		}
	}, func(r *rig) {
		pid := r.system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if req, ok := c.Message().(*messages.Request); ok {
				c.Respond(req.Reply([]byte("hi " + req.Session.Connector)))
			}
		}))
		e := r.dial()
		e.send("R 1 shard.none", "N shard.x hello")
		if got := e.batch(); !slices.Equal(got, []string{"1!500"}) {
			t.Errorf("a function that finds nobody = %q, want 1!500", got)
		}
		req := next[*messages.Request](t, r.events)
		if !req.Notify || string(req.Body) != "hello" || req.Session.Socket == nil || req.Session.RemoteAddr != "there" {
			t.Errorf("notify = %v", req)
		}
		r.system.Root.RequestWithCustomSender(pid, &messages.Request{Session: req.Session}, r.events.pid)
		if got := next[*messages.Response](t, r.events); string(got.Body) != "hi lines" {
			t.Errorf("plain actor responds %q", got.Body)
		}
		r.system.Root.Stop(pid)
	})
}

func TestRequestsToADeadActorAreAnsweredAtOnce(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		tree.Routes = []actors.Route{actors.RoutePID("gone", actor.NewPID("nonhost", "nobody"))}
	}, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		e.send("R 5 gone.x")
		if got := e.batch(); !slices.Equal(got, []string{"5!503"}) || time.Since(begin) != 0 {
			t.Errorf("got %q after %v, want 5!503 at once", got, time.Since(begin))
		}
	})
}

func TestPushesLeaveInOneBatchATick(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		for _, body := range []string{"a", "b", "c"} {
			r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on", Body: []byte(body)})
		}
		if got, want := e.batch(), []string{"on:a", "on:b", "on:c"}; !slices.Equal(got, want) {
			t.Errorf("batch = %q, want %q", got, want)
		}
		if d := time.Since(begin); d != 20*time.Millisecond {
			t.Errorf("flushed after %v, want 20ms", d)
		}
	})
}

func TestWhatDoesNotWaitForTheTick(t *testing.T) {
	push := func(body string, urgent bool) any {
		return &messages.Push{Route: "on", Body: []byte(body), Urgent: urgent}
	}
	for name, c := range map[string]struct {
		tick time.Duration
		send []any
		want []string
	}{
		"an urgent push takes along what came before it": {0, []any{push("a", false), push("b", true)}, []string{"on:a", "on:b"}},
		"a SendBatch leaves whole": {0, []any{&messages.SendBatch{Pushes: []*messages.Push{
			{Route: "on", Body: []byte("a")}, {Route: "on", Body: []byte("b")},
		}}}, []string{"on:a", "on:b"}},
		"no push waits when the tick is negative": {-1, []any{push("a", false)}, []string{"on:a"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(tree *actors.Tree, _ *place) {
				if c.tick != 0 {
					tree.Tick = c.tick
				}
			}, func(r *rig) {
				e := r.dial()
				begin := time.Now()
				for _, m := range c.send {
					r.system.Root.Send(e.session.Socket, m)
				}
				if got := e.batch(); !slices.Equal(got, c.want) || time.Since(begin) != 0 {
					t.Errorf("batch = %q after %v, want %q at once", got, time.Since(begin), c.want)
				}
			})
		})
	}
}

func TestAResponseTakesThePushesBeforeItAlong(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		e.send("R 1 game.push x")
		if got, want := e.batch(), []string{"onPush:x", "1="}; !slices.Equal(got, want) || time.Since(begin) != 0 {
			t.Errorf("batch = %q after %v, want %q at once", got, time.Since(begin), want)
		}
	})
}

func TestAWriteUnderWayLetsTheNextGather(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.out = make(chan []string) // a write ends when it is taken
		for i := range 5 {
			e.send(fmt.Sprintf("R %d game.echo x", i))
			synctest.Wait()
		}
		first, second := e.batch(), e.batch()
		if len(first) != 1 || !slices.Equal(second, []string{"1=x", "2=x", "3=x", "4=x"}) {
			t.Errorf("writes = %q, %q; want one response, then four", first, second)
		}
	})
}

func TestANewerKeyedPushReplacesTheWaitingOne(t *testing.T) {
	keyed := func(key, body string) *messages.Push {
		return &messages.Push{Route: "on", Key: key, Body: []byte(body)}
	}
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send(`R 1 game.join {"Text":"room"}`)
		e.batch()
		for name, send := range map[string]func(*messages.Push){
			"to a socket": func(p *messages.Push) { r.system.Root.Send(e.session.Socket, p) },
			"to a group":  func(p *messages.Push) { r.tree.Group("room").Send(p) },
		} {
			send(keyed("p1", "1"))
			send(keyed("p2", "2"))
			send(keyed("", "x"))
			send(keyed("p1", "3"))
			if got, want := e.batch(), []string{"on:2", "on:x", "on:3"}; !slices.Equal(got, want) {
				t.Errorf("%s: batch = %q, want %q", name, got, want)
			}
		}
	})
}

func TestAKeyedGroupPushReplacesAlsoAfterSomebodyLeft(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		a, b := r.dial(), r.dial()
		room := r.tree.Group("room")
		room.Join(a.session.Socket)
		room.Join(b.session.Socket)
		_ = room.PushKey("k", "on", 1)
		room.Leave(b.session.Socket)
		_ = room.PushKey("k", "on", 2)
		if got := a.batch(); !slices.Equal(got, []string{"on:2"}) {
			t.Errorf("who stayed got %q, want on:2", got)
		}
		if got := b.batch(); !slices.Equal(got, []string{"on:1"}) {
			t.Errorf("who left got %q, want on:1", got)
		}
	})
}
