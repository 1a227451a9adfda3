package actors_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// backend is a node without clients that answers for those of r, in virtual actors.
func (r *rig) backend(handlers func(string) *actors.Handlers) (c *ensemble, stop func()) {
	c = &ensemble{}
	far := r.far("far:1")
	tree, err := actors.Tree{
		Cluster: c, Log: far.Logger(), Limits: actors.Limits{}.WithDefaults(), Faults: actors.Faults{}.WithDefaults(),
	}.Start(far)
	if err != nil {
		r.t.Fatal(err)
	}
	if err = tree.Ready(); err != nil {
		r.t.Errorf("Ready: %v", err)
	}
	if _, err = tree.Host("player", actors.HostConfig{Handlers: handlers, Owns: (&town{}).owns}); err != nil {
		r.t.Fatal(err)
	}
	return c, tree.Stop
}

// players leads to virtual actors of the clients' sessions.
func players(prefix string) func(*actors.Tree, *place) {
	return func(tree *actors.Tree, _ *place) {
		tree.Routes = []actors.Route{actors.Elsewhere(prefix, func(r *messages.Request) (actors.Away, error) {
			r.Identity = r.Session.Id
			return actors.Away{PID: actor.NewPID("far:1", actors.HostName("player", actors.HostShard(r.Identity)))}, nil
		})}
	}
}

func TestAHandlerOnAnotherNodeKnowsItsClient(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, players("account")), func(r *rig) {
		there, stop := r.near().backend(func(string) *actors.Handlers { return account() })
		defer stop()
		e := r.dial()
		e.send("R 1 account.bind ann")
		if q := c.asked(t); q.uid == "ann" && q.session.Id == e.session.Id {
			q.done(nil)
		}
		if got := e.batch(); got[0] != "1=ann" {
			t.Errorf("Bind: %q", got)
		}
		for _, step := range [][2]string{
			{"account.bind bob", "!409"},
			{"account.later bob", "!409"},
			{"account.later ann", `="ann"`},
			{"account.set a=5", "=15"},
			{"account.set b=6", "=25"},
			{"account.tell ann", "=0"}, // sockets on its own node
			{"account.kick bob", "=0"},
			{"account.unbind", "=uid="},
		} {
			if got := e.asks(step[0]); got != step[1] {
				t.Errorf("%s: %q, want %q", step[0], got, step[1])
			}
		}
		if got, want := there.notes(), "push onTell ann, kick bob out"; got != want {
			t.Errorf("there the cluster heard %q, want %q", got, want)
		}
		if got := c.notes(); got != "release ann" {
			t.Errorf("here it heard %q", got)
		}
		var settings map[string][]byte
		r.tree.Sockets(func(s *messages.Session) bool { settings = s.Settings; return true })
		if len(settings) != 2 || string(settings["b"]) != "6" {
			t.Errorf("settings are %q", settings)
		}
	})
}

func TestBindsFromAnotherNodeFail(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, players("p")), func(r *rig) {
		got := make(chan error, 1)
		handlers := func(string) *actors.Handlers {
			h := actors.NewRoute("p")
			actors.HandleRaw(h, "bind", func(c *actors.Context, body []byte) ([]byte, error) {
				if string(body) == "late" {
					time.Sleep(time.Second)
				}
				err := c.Bind("ann")
				got <- err
				return nil, err
			})
			return h
		}
		_, stop := r.near().backend(handlers)
		defer stop()
		e := r.dial()
		begun := time.Now()
		if got := e.asks("p.bind now"); got != "!502" || time.Since(begun) != 3*time.Second {
			t.Errorf("undecided for %v: %q", time.Since(begun), got)
		}
		<-got
		e.send("R 1 p.bind late")
		synctest.Wait()
		e.send("EOF")
		e.hungUp()
		if err := <-got; messages.AsError(err).Code != messages.CodeGone {
			t.Errorf("of who has left: %v", err)
		}
		c.asked(t).done(nil)
		if got := c.notes(); got != "release ann" {
			t.Errorf("the cluster heard %q", got)
		}
	})
}

func TestPushesAndKicksReachClientsOfAnotherNode(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, players("p")), func(r *rig) {
		there, stop := r.near().backend(func(string) *actors.Handlers {
			h := actors.NewRoute("p")
			actors.HandleRaw(h, "x", func(c *actors.Context, _ []byte) ([]byte, error) {
				if err := c.Push("onPush", 1); err != nil {
					return nil, err
				}
				g := c.Group("room")
				g.Join(c.Socket())
				g.Leave(c.Socket())
				if err := g.Push("onGroup", 1); err != nil {
					return nil, err
				}
				c.Send(c.Socket(), &messages.Kick{Reason: "out"})
				return []byte("done"), nil
			})
			return h
		})
		defer stop()
		e := r.dial()
		e.send("R 1 p.x")
		e.hungUp()
		var got []string
		for len(e.out) > 0 {
			got = append(got, <-e.out...)
		}
		if want := []string{"onPush:1", "kick:out"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		id := e.session.Socket.Id
		if got, want := there.notes(), strings.Join([]string{"join room " + id, "leave room " + id, "fanout room onGroup"}, ", "); got != want {
			t.Errorf("the cluster heard %q, want %q", got, want)
		}
	})
}
