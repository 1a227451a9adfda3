package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	engine "github.com/asynkron/protoactor-go/cluster"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
)

// echo is an actor that answers requests with who it is.
func echo(who func(actor.Context) string) *actor.Props {
	return actor.PropsFromFunc(func(ctx actor.Context) {
		if r, ok := ctx.Message().(*messages.Request); ok {
			ctx.Respond(r.Reply([]byte(`{"uid":"` + who(ctx) + `"}`)))
		}
	})
}

func everyKind(told chan<- string) cluster.Config {
	return cluster.Config{
		Kinds: []cluster.Kind{
			{Name: "arena", Handlers: func(string) *actors.Handlers { return arena("here") }},
			{Name: "plain", Props: echo(func(ctx actor.Context) string { return actors.HostIdentity(ctx.Self()) })},
			{Name: "hall", Handlers: func(identity string) *actors.Handlers {
				h := actors.NewRoute("hall")
				actors.Handle(h, "enter", func(c *actors.Context, _ *user) (*user, error) {
					c.Group("hall " + identity).Join(c.Socket())
					c.Set("hall", []byte(identity))
					return &user{UID: identity}, c.Group("hall "+identity).Push("onEnter", user{UID: c.Session().Uid})
				})
				actors.Handle(h, "told", func(c *actors.Context, in *user) (*user, error) {
					told <- identity + " " + in.UID
					return nil, nil
				})
				return h
			}},
		},
		Grains: []*engine.Kind{engine.NewKind("grain", echo(func(ctx actor.Context) string {
			return engine.GetClusterIdentity(ctx).Identity
		}))},
	}
}

func TestANodeAlone(t *testing.T) {
	if !alone(t) {
		return
	}
	told, pushed := make(chan string, 1), make(chan string, 10)
	s := join(t, everyKind(told))
	s.serve(
		s.Route("arena", cluster.RouteConfig{}), s.Route("hall", cluster.RouteConfig{By: cluster.ByName("main")}),
		s.Route("plain", cluster.RouteConfig{By: cluster.BySetting("hall")}), s.Route("nowhere", cluster.RouteConfig{By: cluster.BySession}),
	)
	c := s.client(func(route string, body []byte) { pushed <- route + " " + string(body) })
	wants := func(route string, want int32) {
		t.Helper()
		if err := ask(c, route, nil, nil); code(err) != want {
			t.Errorf("%s is answered %v, want code %d", route, err, want)
		}
	}
	wants("arena.work", 401)
	wants("nowhere.at", 502)
	wants("plain.who", 409)
	if err := ask(c, "door.in", user{UID: "ann"}, nil); err != nil {
		t.Fatal(err)
	}
	wants("arena.work", 0)
	wants("hall.enter", 0)
	if got := <-pushed; got != `onEnter {"uid":"ann","Nodes":null}` {
		t.Errorf("pushed %s", got)
	}
	var u user
	if err := ask(c, "plain.who", nil, &u); err != nil || u.UID != "main" {
		t.Errorf("a plain actor takes itself for %q (%v), want main", u.UID, err)
	}
	if err := s.Push(&messages.Push{Route: "onAnn", Body: []byte("{}")}, "ann", "nobody"); err != nil || <-pushed != "onAnn {}" {
		t.Errorf("a push to ann: %v", err)
	}
	if err := s.Tell("hall", "side", &messages.Request{Route: "hall.told", Notify: true, Body: []byte(`{"uid":"x"}`)}); err != nil || <-told != "side x" {
		t.Errorf("Tell: %v", err)
	}
	s.asksGrain("g/1")
	drained, err := s.Drain(t.Context(), s.fl)
	if err != nil || drained.Unanswered > 0 {
		t.Errorf("Drain: %+v, %v", drained, err)
	}
	if _, err := s.Drain(t.Context(), s.fl); err == nil {
		t.Error("a node drains twice without a word")
	}
}

// asksGrain asks a virtual actor by the engine's own API, and by its PID.
func (s *single) asksGrain(identity string) {
	s.t.Helper()
	answer, err := engine.GetCluster(s.system).Request(identity, "grain", &messages.Request{Route: "x"})
	if r, ok := answer.(*messages.Response); err != nil || !ok || !strings.Contains(string(r.Body), identity) {
		s.t.Errorf("the grain says %v, %v", answer, err)
	}
	pid, err := s.Find(s.t.Context(), "grain", identity)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err = s.system.Root.RequestFuture(pid, &messages.Request{Route: "x"}, patience).Result()
	if r, ok := answer.(*messages.Response); err != nil || !ok || !strings.Contains(string(r.Body), identity) {
		s.t.Errorf("the grain that was found says %v, %v", answer, err)
	}
}

// What a client has a say in becomes names of actors, and text in messages between nodes.
func TestNamesThatAreNone(t *testing.T) {
	if !alone(t) {
		return
	}
	s := join(t, everyKind(nil))
	names := map[string]int32{
		"x": 0, "a/b c//": 0, "é": 0, "": 400, "\xff": 400, "a\x00": 400, "a\nb": 400, strings.Repeat("x", 256): 0, strings.Repeat("x", 257): 400,
	}
	asked := ""
	s.serve(s.Route("plain", cluster.RouteConfig{By: func(*messages.Request) (string, error) { return asked, nil }}))
	c := s.client(nil)
	for name, want := range names {
		asked = name
		if err := ask(c, "plain.who", nil, nil); code(err) != want {
			t.Errorf("identity %.20q is answered %v, want code %d", name, err, want)
		}
		if _, err := s.Find(t.Context(), "plain", name); code(err) != want {
			t.Errorf("Find of %.20q: %v, want code %d", name, err, want)
		}
		if err := s.Tell("plain", name, &messages.Request{Route: "plain.who", Notify: true}); code(err) != want {
			t.Errorf("Tell to %.20q: %v, want code %d", name, err, want)
		}
	}
	if err := ask(c, "door.in", user{UID: strings.Repeat("x", 257)}, nil); code(err) != 400 {
		t.Errorf("a user with a long name: %v, want code 400", err)
	}
}

// A request comes to a node that has no server yet, or none any more: it is answered.
func TestNobodyWaitsForANodeWithoutAServer(t *testing.T) {
	if !alone(t) {
		return
	}
	s := join(t, everyKind(nil))
	s.member()
	answers := make(chan *messages.Response, 1)
	socket := s.system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if r, ok := ctx.Message().(*messages.Response); ok {
			answers <- r
		}
	}))
	asks := func(want int32) {
		t.Helper()
		to := actor.NewPID(s.Address(), actors.HostName("plain", actors.HostShard("x")))
		s.system.Root.RequestWithCustomSender(to, &messages.Request{Identity: "x", Route: "plain.who"}, socket)
		if r := <-answers; r.Error.GetCode() != want {
			t.Errorf("answered %v, want code %d", r, want)
		}
	}
	asks(502)
	name := actors.HostName("plain", 3)
	squatter, err := s.system.Root.SpawnNamed(actor.PropsFromFunc(func(actor.Context) {}), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := supervisor.Start(s.system, supervisor.Config{Cluster: s.Cluster()}); err == nil {
		t.Fatal("two actors have one name")
	}
	if err := s.system.Root.StopFuture(squatter).Wait(); err != nil {
		t.Fatal(err)
	}
	s.serve() // it may be tried again
	asks(0)
	if _, err := supervisor.Start(s.system, supervisor.Config{Cluster: s.Cluster()}); err == nil {
		t.Error("a node has two servers")
	}
	s.fl.Stop()
	asks(502)
	if err := s.Leave(t.Context()); err != nil {
		t.Errorf("Leave: %v", err)
	}
	if err := s.Push(&messages.Push{Route: "x"}, "ann"); err != cluster.ErrClosed {
		t.Errorf("Push: %v, want ErrClosed", err)
	}
}

// A node may end under a server that lives.
func TestAServerOutlivesItsNode(t *testing.T) {
	if !alone(t) {
		return
	}
	for name, end := range map[string]func(*single){
		"Close": func(s *single) { s.Close(); s.Close() },
		"Leave": func(s *single) { _ = s.Leave(s.t.Context()); _ = s.Leave(s.t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := join(t, everyKind(nil))
			s.serve(s.Route("plain", cluster.RouteConfig{By: cluster.BySession}))
			c := s.client(nil)
			if err := ask(c, "door.in", user{UID: "ann"}, nil); err != nil {
				t.Fatal(err)
			}
			end(s)
			var u user
			if err := ask(c, "door.me", nil, &u); err != nil || u.UID != "" {
				t.Errorf("%q is bound (%v)", u.UID, err)
			}
			if err := ask(c, "door.in", user{UID: "bob"}, nil); code(err) != 502 {
				t.Errorf("Bind: %v, want code 502", err)
			}
			if err := ask(c, "plain.who", nil, nil); code(err) != 502 {
				t.Errorf("a virtual actor: %v, want code 502", err)
			}
		})
	}
}

// What was begun when the node was cut off must not reach what it does when it is back.
func TestANodeIsBackAtOnce(t *testing.T) {
	if !alone(t) {
		return
	}
	s := join(t, everyKind(nil)).serve()
	for range 100 {
		s.CutOff()
		s.Return()
	}
	var pid *actor.PID
	eventually(t, "the node has its virtual actors again", func() (ok bool) {
		var err error
		pid, err = s.Find(t.Context(), "arena", "x")
		return err == nil
	})
	last := 0
	for range 20 {
		answer, err := s.system.Root.RequestFuture(pid, &messages.Request{Route: "arena.work", Body: []byte(`{"n":1}`)}, time.Second).Result()
		r, ok := answer.(*messages.Response)
		if err != nil || !ok || r.Error != nil {
			t.Fatalf("answered %v, %v", answer, err)
		}
		if last++; !strings.Contains(string(r.Body), fmt.Sprintf(`"done":%d`, last)) {
			t.Errorf("answered %s: the actor has been stopped behind request %d", r.Body, last-1)
		}
	}
}

func TestNodesThatHaveGoneForGoodAreForgotten(t *testing.T) {
	if !alone(t) {
		return
	}
	const found = "127.0.0.1:1"
	s := join(t, cluster.Config{Provider: cluster.Automanaged(found)})
	s.member()
	s.Meets("127.0.0.1:2")
	eventually(t, "all but what the provider has found is forgotten", func() bool { return slices.Equal(s.Known(), []string{found}) })
}

// What the keeper sends to sockets they may handle on its own goroutine, and what waits for them too: a Bind, for example.
func TestAClaimDoesNotWaitForTheKeeper(t *testing.T) {
	if !alone(t) {
		return
	}
	s := join(t, cluster.Config{})
	s.member()
	decided := make(chan error, 1)
	if !s.Swamped(patience/10, func() {
		s.Cluster().Claim(&messages.Session{Id: "x", Socket: actor.NewPID(s.Address(), "x")}, "ann", func(err error) { decided <- err })
	}) {
		t.Fatal("the keeper waits for itself")
	}
	if err := <-decided; err != nil {
		t.Errorf("Claim: %v", err)
	}
}
