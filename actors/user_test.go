package actors_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// account is a route with which clients log in and out.
func account() *actors.Handlers {
	h := actors.NewRoute("account")
	actors.HandleRaw(h, "bind", func(c *actors.Context, body []byte) ([]byte, error) {
		if err := c.Bind(string(body)); err != nil {
			return nil, err
		}
		return []byte(c.Session().Uid), nil
	})
	actors.HandleRaw(h, "later", func(c *actors.Context, body []byte) ([]byte, error) {
		later, uid := c.Defer(), string(body)
		go func() {
			if err := later.Bind(uid); err != nil {
				_ = later.Fail(err)
				return
			}
			_ = later.Send(uid)
		}()
		return nil, nil
	})
	actors.HandleRaw(h, "unbind", func(c *actors.Context, _ []byte) ([]byte, error) {
		c.Unbind()
		return []byte("uid=" + c.Session().Uid), nil
	})
	actors.HandleRaw(h, "set", func(c *actors.Context, body []byte) ([]byte, error) {
		k, v, _ := strings.Cut(string(body), "=")
		c.Set(k, []byte(v))
		return fmt.Append(nil, len(c.Session().Settings), string(c.Session().Settings["a"])), nil
	})
	actors.HandleRaw(h, "tell", func(c *actors.Context, body []byte) ([]byte, error) {
		n, err := c.PushTo("onTell", json.RawMessage("hi"), strings.Fields(string(body))...)
		return fmt.Append(nil, n), err
	})
	actors.HandleRaw(h, "kick", func(c *actors.Context, body []byte) ([]byte, error) {
		return fmt.Append(nil, c.KickUID(string(body), "out")), nil
	})
	return h
}

func logins(policy actors.Logins) func(*actors.Tree, *place) {
	return func(t *actors.Tree, _ *place) {
		t.Routes, t.Logins = []actors.Route{account()}, policy
	}
}

// asks sends one request and returns what it is answered.
func (e *end) asks(what string) string {
	e.t.Helper()
	e.send("R 1 " + what)
	b := e.batch()
	return strings.TrimPrefix(b[len(b)-1], "1")
}

func TestBindingSaysWhoAClientIs(t *testing.T) {
	bubble(t, logins(actors.AllowLogins), func(r *rig) {
		a, b, c := r.dial(), r.dial(), r.dial()
		for _, step := range []struct {
			who         *end
			ask, answer string
		}{
			{a, "account.bind ann", "=ann"},
			{a, "account.bind ann", "=ann"},
			{a, "account.bind bob", "!409"},
			{a, "account.bind", "!400"},
			{b, "account.bind ann", "=ann"},
			{c, "account.tell ann nobody", "=2"},
			{c, "account.unbind", "=uid="},
			{b, "account.unbind", "=uid="},
			{c, "account.tell ann", "=1"},
			{b, "account.bind bob", "=bob"},
			{c, "account.kick bob", "=1"},
			{c, "account.kick bob", "=0"},
		} {
			if step.who == b && step.ask == "account.unbind" {
				if got := b.batch(); !slices.Equal(got, []string{"onTell:hi"}) {
					t.Errorf("b was told %q", got)
				}
			}
			if got := step.who.asks(step.ask); got != step.answer {
				t.Errorf("%s was answered %q, want %q", step.ask, got, step.answer)
			}
			synctest.Wait()
		}
		if got := b.hungUp(); got.Cause != messages.CauseKicked {
			t.Errorf("b ended with %v", got)
		}
		if ev := next[*messages.Closed](t, r.events); ev.Session.Uid != "bob" {
			t.Errorf("Closed says uid %q, want bob", ev.Session.Uid)
		}
		if got := r.tree.Users("ann"); len(got) != 1 || got[0].Id != a.session.Id {
			t.Errorf("ann is bound to %v", got)
		}
		a.send("EOF")
		a.hungUp()
		synctest.Wait()
		if got := r.tree.Users("ann"); got != nil {
			t.Errorf("after her client left ann is bound to %v", got)
		}
	})
}

func TestLoginPolicies(t *testing.T) {
	t.Run("newer logins are refused", func(t *testing.T) {
		bubble(t, logins(actors.RefuseNewer), func(r *rig) {
			a, b := r.dial(), r.dial()
			a.asks("account.bind ann")
			if got := b.asks("account.bind ann"); got != "!409" {
				t.Errorf("the newer one got %q, want 409", got)
			}
			a.send("EOF")
			a.hungUp()
			synctest.Wait()
			if got := b.asks("account.bind ann"); got != "=ann" {
				t.Errorf("with the older one gone the newer one got %q", got)
			}
		})
	})
	t.Run("older logins are kicked", func(t *testing.T) {
		bubble(t, logins(actors.KickOlder), func(r *rig) {
			a, b := r.dial(), r.dial()
			a.asks("account.bind ann")
			if got := b.asks("account.bind ann"); got != "=ann" {
				t.Errorf("the newer one got %q", got)
			}
			if got := a.batch(); !slices.Equal(got, []string{"kick:another login"}) {
				t.Errorf("the older one got %q", got)
			}
			a.hungUp()
			synctest.Wait()
			if got := r.tree.Users("ann"); len(got) != 1 || got[0].Id != b.session.Id {
				t.Errorf("ann is bound to %v", got)
			}
		})
	})
}

// Whatever is raced, one of many wins where one may, and nobody is left behind.
func TestRacedBindsResolve(t *testing.T) {
	for policy, want := range map[actors.Logins]int{actors.AllowLogins: 20, actors.RefuseNewer: 1, actors.KickOlder: 1} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			bubble(t, logins(policy), func(r *rig) {
				var all sync.WaitGroup
				var bound atomic.Int64
				var ends []*end
				for range 20 {
					ends = append(ends, r.dial())
				}
				for _, e := range ends {
					all.Go(func() {
						p := newProbe(r.system)
						r.system.Root.RequestWithCustomSender(e.session.Socket, &messages.Bind{Uid: "ann"}, p.pid)
						if m := next[*messages.Bound](t, p); m.Error == nil {
							bound.Add(1)
						}
						r.system.Root.Stop(p.pid)
					})
				}
				all.Wait()
				time.Sleep(2 * time.Second)
				if got := len(r.tree.Users("ann")); got != want {
					t.Errorf("%d sockets are bound, want %d", got, want)
				}
				if policy == actors.RefuseNewer && bound.Load() != 1 {
					t.Errorf("%d were told that they are bound, want 1", bound.Load())
				}
				r.tree.Stop()
				if s := r.tree.Stats(); s.Users != 0 || s.Connections != 0 || s.Ready != 0 {
					t.Errorf("after Stop: %+v", s)
				}
			})
		})
	}
}

func TestSessionsAreSnapshots(t *testing.T) {
	bubble(t, logins(actors.AllowLogins), func(r *rig) {
		a := r.dial()
		if got := a.asks("account.set a=1"); got != "=11" {
			t.Errorf("set was answered %q", got)
		}
		before := r.tree.Users("nobody")
		var kept *messages.Session
		r.tree.Sockets(func(s *messages.Session) bool { kept = s; return true })
		if got := a.asks("account.set a="); got != "=0" {
			t.Errorf("an empty value was answered %q", got)
		}
		if string(kept.Settings["a"]) != "1" || before != nil {
			t.Errorf("an old snapshot has changed: %v", kept)
		}
		r.system.Root.Send(a.session.Socket, &messages.Set{Settings: map[string][]byte{"b": []byte("2")}})
		p := newProbe(r.system)
		r.system.Root.RequestWithCustomSender(a.session.Socket, &messages.Bind{Uid: "x"}, p.pid)
		if m := next[*messages.Bound](t, p); m.Session.Uid != "x" || string(m.Session.Settings["b"]) != "2" {
			t.Errorf("Bound = %v", m)
		}
		r.system.Root.RequestWithCustomSender(a.session.Socket, &messages.Unbind{}, p.pid)
		if m := next[*messages.Bound](t, p); m.Session.Uid != "" || m.Error != nil {
			t.Errorf("Bound after Unbind = %v", m)
		}
		r.system.Root.Stop(p.pid)
	})
}

func TestStats(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) { logins(0)(tree, p) }, func(r *rig) {
		a, b, c := r.dial(), r.dial(), r.dial()
		a.asks("account.bind ann")
		b.asks("account.bind ann")
		c.send("bad")
		c.hungUp()
		synctest.Wait()
		s := r.tree.Stats()
		if s.Connections != 2 || s.Ready != 2 || s.Users != 1 || s.Accepted != 3 || s.Closed[messages.CauseMalformed] != 1 || len(s.Closed) != 1 {
			t.Errorf("Stats = %+v", s)
		}
		if l := s.Listeners[0]; len(s.Listeners) != 1 || l.Connector != "lines" || l.Addr != "lines" || !l.Accepting || l.Connections != 2 || l.Accepted != 3 {
			t.Errorf("Listeners = %+v", s.Listeners)
		}
		if err := r.tree.Ready(); err != nil {
			t.Errorf("Ready: %v", err)
		}
		r.place.conns <- errors.New("no")
		synctest.Wait()
		if err := r.tree.Ready(); err == nil {
			t.Error("ready while a listener waits for its restart")
		}
		time.Sleep(time.Second)
		if err := r.tree.Ready(); err != nil {
			t.Errorf("after the restart: %v", err)
		}
		r.tree.Stop()
		if err := r.tree.Ready(); !errors.Is(err, actors.ErrStopping) {
			t.Errorf("after Stop: %v", err)
		}
	})
}

func TestWhoIsMeantByAGroup(t *testing.T) {
	bubble(t, logins(0), func(r *rig) {
		a, b, c := r.dial(), r.dial(), r.dial()
		b.asks("account.bind bob")
		room := r.tree.Group("room")
		room.Join(a.session.Socket)
		room.Join(b.session.Socket)
		for name, tc := range map[string]struct {
			to   actors.Group
			want []*end
		}{
			"the group":                         {room, []*end{a, b}},
			"all":                               {r.tree.All(), []*end{a, b, c}},
			"all bound":                         {r.tree.All().Bound(), []*end{b}},
			"with an exception":                 {r.tree.All().Except(b.session.Socket), []*end{a, c}},
			"with two":                          {r.tree.All().Except(b.session.Socket).Except(a.session.Socket), []*end{c}},
			"with a filter":                     {room.Where(func(s *messages.Session) bool { return s.Id == a.session.Id }), []*end{a}},
			"a filter that panics means nobody": {room.Where(func(*messages.Session) bool { panic("no") }), nil},
			"an unknown group":                  {r.tree.Group("other"), nil},
		} {
			for _, key := range []string{"", "k"} {
				_ = tc.to.PushKey(key, "on", 1)
				_ = tc.to.PushKey(key, "on", 2)
				time.Sleep(30 * time.Millisecond)
				want := []string{"on:1", "on:2"}
				if key != "" {
					want = want[1:]
				}
				for _, e := range []*end{a, b, c} {
					var got []string
					for len(e.out) > 0 {
						got = append(got, e.batch()...)
					}
					if slices.Contains(tc.want, e) && !slices.Equal(got, want) || !slices.Contains(tc.want, e) && got != nil {
						t.Errorf("%s, key %q: %s got %q", name, key, e.session.Id, got)
					}
				}
			}
			if n, err := tc.to.Size(r.t.Context()); err != nil || n != len(tc.want) {
				t.Errorf("%s: Size = %d, %v; want %d", name, n, err, len(tc.want))
			}
		}
	})
}

func TestAGroupExistsWhileItHasMembersOrIsKept(t *testing.T) {
	bubble(t, logins(0), func(r *rig) {
		a := r.dial()
		groups := func() string {
			names, err := r.tree.Groups(r.t.Context())
			return fmt.Sprint(names, err)
		}
		room, hall := r.tree.Group("room"), r.tree.Group("hall")
		room.Join(a.session.Socket)
		hall.Join(a.session.Socket)
		hall.Keep(true)
		if got := groups(); got != "[hall room] <nil>" {
			t.Errorf("groups = %s", got)
		}
		a.send("EOF")
		a.hungUp()
		synctest.Wait()
		if got := groups(); got != "[hall] <nil>" {
			t.Errorf("with nobody left: %s", got)
		}
		hall.Keep(false)
		if got := groups(); got != "[] <nil>" {
			t.Errorf("kept no longer: %s", got)
		}
		room.Join(a.session.Socket) // who has gone
		if got := groups(); got != "[] <nil>" {
			t.Errorf("after a dead client joined: %s", got)
		}
	})
}

func TestFilters(t *testing.T) {
	trace := func(name string) actors.Filter {
		return func(next actors.Handler) actors.Handler {
			return func(c *actors.Context, body []byte) ([]byte, error) {
				if string(body) == name {
					return nil, messages.NewError(403, "stopped by "+name)
				}
				b, err := next(c, append(slices.Clone(body), name...))
				return append(b, name...), err
			}
		}
	}
	bubble(t, func(tree *actors.Tree, _ *place) {
		h := actors.NewRoute("f")
		h.Use(trace("a"), trace("b"))
		actors.HandleRaw(h, "x", func(_ *actors.Context, body []byte) ([]byte, error) {
			return []byte(string(body) + "!"), nil
		})
		other := actors.NewRoute("g")
		actors.HandleRaw(other, "x", func(_ *actors.Context, body []byte) ([]byte, error) { return body, nil })
		tree.Routes, tree.Filters = []actors.Route{h, other}, []actors.Filter{trace("G")}
	}, func(r *rig) {
		e := r.dial()
		for ask, want := range map[string]string{"f.x -": "=-Gab!baG", "g.x -": "=-GG", "f.x G": "!403", "f.none -": "!500"} {
			if got := e.asks(ask); got != want {
				t.Errorf("%s was answered %q, want %q", ask, got, want)
			}
		}
	})
}

func TestSeveralActorsAnswerARouteAndKeepEachClientsOrder(t *testing.T) {
	var busy, most atomic.Int64
	bubble(t, func(tree *actors.Tree, _ *place) {
		h := actors.NewRoute("many")
		h.Actors = 8
		actors.HandleRaw(h, "x", func(_ *actors.Context, body []byte) ([]byte, error) {
			if n := busy.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			busy.Add(-1)
			return body, nil
		})
		tree.Routes = []actors.Route{h}
		tree.RequestTimeout = 0
	}, func(r *rig) {
		var ends []*end
		for range 30 {
			e := r.dial()
			e.send("R 1 many.x a", "R 2 many.x b", "R 3 many.x c")
			ends = append(ends, e)
		}
		for _, e := range ends {
			var got []string
			for len(got) < 3 {
				got = append(got, e.batch()...)
			}
			if want := []string{"1=a", "2=b", "3=c"}; !slices.Equal(got, want) {
				t.Errorf("answers %q, want %q", got, want)
			}
		}
		if n := most.Load(); n < 5 || n > 8 {
			t.Errorf("at most %d handlers ran side by side, want nearly 8", n)
		}
	})
}

func TestARouteWithAnActorForEachClient(t *testing.T) {
	var made atomic.Int64
	bubble(t, func(tree *actors.Tree, _ *place) {
		made.Store(0)
		tree.Routes = []actors.Route{actors.PerSession("me", func(s *messages.Session) *actors.Handlers {
			made.Add(1)
			if s.RemoteAddr != "there" {
				t.Errorf("session = %v", s)
			}
			h, n := actors.NewRoute(""), 0
			actors.HandleRaw(h, "count", func(*actors.Context, []byte) ([]byte, error) {
				n++
				return fmt.Append(nil, n), nil
			})
			return h
		})}
	}, func(r *rig) {
		a, b := r.dial(), r.dial()
		for i, want := range []string{"=1", "=2", "=3"} {
			if got := a.asks("me.count"); got != want {
				t.Errorf("ask %d was answered %q, want %q", i, got, want)
			}
		}
		if got := b.asks("me.count"); got != "=1" {
			t.Errorf("another client was answered %q, want its own count", got)
		}
		if got := b.asks("me.none"); got != "!500" {
			t.Errorf("an unknown name was answered %q", got)
		}
		if made.Load() != 2 {
			t.Errorf("%d made for two clients", made.Load())
		}
		tree, _, _ := strings.Cut(a.session.Socket.Id, "/")
		for _, e := range []*end{a, b} {
			id := tree + "/sessions/me/" + e.session.Id
			if _, alive := r.system.ProcessRegistry.GetLocal(id); !alive {
				t.Errorf("%s does not live", id)
			}
			e.send("EOF")
			e.hungUp()
			synctest.Wait()
			if _, alive := r.system.ProcessRegistry.GetLocal(id); alive {
				t.Errorf("%s lives on without its client", id)
			}
		}
	})
}

func TestAnErrorMayComeWithABody(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		h := actors.NewRoute("e")
		actors.Handle(h, "x", func(*actors.Context, *in) (*out, error) { return &out{7}, messages.NewError(402, "") })
		actors.On(h, "n", func(_ *actors.Context, i *in) error {
			if i.N == 0 {
				return errors.New("no")
			}
			return nil
		})
		tree.Routes = []actors.Route{h}
	}, func(r *rig) {
		e := r.dial()
		for ask, want := range map[string]string{"e.x": "!402", `e.n {"N":1}`: "=", "e.n": "!500"} {
			if got := e.asks(ask); got != want {
				t.Errorf("%s was answered %q, want %q", ask, got, want)
			}
		}
		e.send(`N e.n {"N":1}`, "R 9 e.x")
		if got := e.batch(); !slices.Equal(got, []string{"9!402"}) {
			t.Errorf("got %q: a notify was answered", got)
		}
	})
}
