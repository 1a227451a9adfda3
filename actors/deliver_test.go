package actors_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// heard is what came to a client by the next tick.
func (e *end) heard() (got []string) {
	synctest.Wait()
	for len(e.out) > 0 {
		got = append(got, <-e.out...)
	}
	return got
}

func hello(urgent bool) *messages.Push {
	return &messages.Push{Route: "on", Body: []byte("hi"), Urgent: urgent}
}

func TestAClusterDeliversToSockets(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, nil), func(r *rig) {
		a, b, other := r.dial(), r.dial(), r.dial()
		r.place.pushed.Store(0)
		r.tree.PushSockets(hello(true), []*actor.PID{a.session.Socket, b.session.Socket, actor.NewPID("far:1", "x")})
		if a, b := a.heard(), b.heard(); !slices.Equal(a, []string{"on:hi"}) || !slices.Equal(b, a) {
			t.Errorf("they got %q and %q", a, b)
		}
		if n := r.place.pushed.Load(); n != 1 {
			t.Errorf("encoded %d times", n)
		}
		r.system.Root.Send(a.session.Socket, &messages.Set{Settings: map[string][]byte{"k": []byte("v")}})
		r.system.Root.Send(a.session.Socket, &messages.Kick{Reason: "out"})
		a.hungUp()
		if ev := next[*messages.Closed](t, r.events); string(ev.Session.Settings["k"]) != "v" {
			t.Errorf("settings are %q", ev.Session.Settings)
		}
		if got := other.heard(); got != nil {
			t.Errorf("a third client got %q", got)
		}
	})
}

func TestAClusterUnbinds(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, nil), func(r *rig) {
		ends := map[string]*end{}
		for _, uid := range []string{"ann", "bob", "eve"} {
			ends[uid] = r.dial()
			p := r.binds(ends[uid], uid)
			c.asked(t).done(nil)
			r.bound(p)
		}
		if !r.tree.UnbindSession(ends["ann"].session.Id, hello(true)) || r.tree.UnbindSession(ends["ann"].session.Id, hello(true)) {
			t.Error("UnbindSession does not tell who was bound")
		}
		if got := ends["ann"].heard(); !slices.Equal(got, []string{"on:hi"}) {
			t.Errorf("ann got %q", got)
		}
		for _, uid := range []string{"bob", "eve"} {
			if !r.tree.UnbindSession(ends[uid].session.Id, hello(true)) {
				t.Errorf("%s was not unbound", uid)
			}
		}
		if a, b := ends["ann"].heard(), ends["bob"].heard(); a != nil || !slices.Equal(b, []string{"on:hi"}) {
			t.Errorf("they got %q and %q", a, b)
		}
		if got := len(c.notes()); got != len("release ann, release bob, release eve") {
			t.Error("not all were released, once")
		}
		if r.tree.UnbindSession("none", nil) || r.tree.Stats().Users != 0 {
			t.Errorf("then %+v", r.tree.Stats())
		}
	})
}

func TestAGroupIsOnAllNodes(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, nil), func(r *rig) {
		r.near()
		a, b := r.dial(), r.dial()
		far := actor.NewPID("far:1", "socket/x-1")
		g := r.tree.Group("room")
		r.tree.JoinLocal("room", a.session.Socket)
		r.tree.JoinLocal("room", far) // a mistake
		g.Join(b.session.Socket)
		g.Join(far)
		g.Leave(far)
		if got := c.notes(); got != "join room socket/x-1, leave room socket/x-1" {
			t.Errorf("the cluster heard %q", got)
		}
		c.others = []*messages.Session{{Id: "far", Uid: "ann"}, {Id: "away"}}
		ctx := context.Background()
		known := func(s *messages.Session) bool { return s.Id == a.session.Id || s.Id == "far" }
		here, _ := r.tree.MembersOf(ctx, &messages.Audience{Group: "room", Except: []*actor.PID{b.session.Socket}})
		for name, step := range map[string]struct {
			g    actors.Group
			want int
		}{
			"all": {g, 4}, "local": {g.Local(), 2}, "a filter": {g.Where(known), 2}, "none here": {g.Local().Bound(), 0},
		} {
			if n, err := step.g.Size(ctx); n != step.want || err != nil {
				t.Errorf("%s: %d members, and %v, want %d", name, n, err, step.want)
			}
		}
		if len(here) != 1 || here[0].Id != a.session.Id {
			t.Errorf("MembersOf: %v", here)
		}
		for name, step := range map[string]struct {
			send  func() error
			err   error
			notes string
			count int
		}{
			"a push":         {send: func() error { return g.Send(hello(true)) }, notes: "fanout room on", count: 2},
			"some":           {send: func() error { return g.Except(far, b.session.Socket).Send(hello(true)) }, notes: "fanout room on", count: 1},
			"here":           {send: func() error { return g.Local().Send(hello(true)) }, count: 2},
			"from elsewhere": {send: func() error { return r.tree.Fan(&messages.Audience{Group: "room"}, hello(true)) }, count: 2},
			"a filter":       {send: func() error { return g.Where(known).Send(hello(true)) }, err: actors.ErrFilterStays},
			"a filter here":  {send: func() error { return g.Local().Where(known).Send(hello(true)) }, count: 1},
		} {
			err := step.send()
			if got := len(a.heard()) + len(b.heard()); !errors.Is(err, step.err) || got != step.count || c.notes() != step.notes {
				t.Errorf("%s: %v, %d pushes, want %d", name, err, got, step.count)
			}
		}
		r.tree.LeaveLocal("room", a.session.Socket)
		if n, _ := g.Local().Size(ctx); n != 1 {
			t.Errorf("with one gone: %d", n)
		}
	})
}
