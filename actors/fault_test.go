package actors_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// faultsOn keeps the faults of the event stream.
func (r *rig) faultsOn() func() []string {
	p := newProbe(r.system)
	r.system.EventStream.Subscribe(func(ev any) {
		if f, ok := ev.(*messages.Fault); ok {
			r.system.Root.Send(p.pid, f)
		}
	})
	return func() (all []string) {
		synctest.Wait()
		for len(p.got) > 0 {
			f, _ := (<-p.got).(*messages.Fault)
			all = append(all, fmt.Sprintf("%s %d %s %s", f.Kind.Word(), f.Total, f.Route, f.Text))
		}
		return all
	}
}

func TestTheFifthPanicInTenSecondsClosesItsClient(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e, other := r.dial(), r.dial()
		for i := range 4 {
			e.send(fmt.Sprintf("R %d game.panic {}", i))
			e.batch()
		}
		time.Sleep(10 * time.Second) // they do not count any more
		for i := range 4 {
			e.send(fmt.Sprintf("R %d game.panic {}", i))
			e.batch()
			other.send("R 1 game.panic {}") // and neither do those of others
			other.batch()
		}
		e.send("R 9 game.panic {}")
		if got := e.batch(); !slices.Equal(got, []string{"9!500"}) {
			t.Errorf("batch = %q, want 9!500", got)
		}
		if got := e.hungUp(); got.Cause != messages.CauseOffending {
			t.Errorf("reason = %v", got)
		}
		if n := r.tree.Stats().Connections; n != 1 {
			t.Errorf("%d connections, want the other one", n)
		}
	})
}

// A frame that the protocol panics with costs nothing of what came before and behind it.
func TestAPanicInFeedCostsOneFrame(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.echo a\npanic\nR 2 game.echo b")
		var got []string
		for len(got) < 2 {
			got = append(got, e.batch()...)
		}
		if !slices.Equal(got, []string{"1=a", "2=b"}) {
			t.Errorf("answers = %q", got)
		}
		synctest.Wait()
		if n := r.tree.Stats().Faults[messages.FaultSocket]; n != 1 {
			t.Errorf("%d faults, want 1", n)
		}
	})
}

// A protocol that panics when its time comes is asked again.
func TestAPanicInExpireIsNotTheEndOfTime(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		p.silence, p.shaky = 5*time.Second, true
	}, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		if got := e.hungUp(); got.Cause != messages.CauseHeartbeatTimeout || time.Since(begin) != 6*time.Second {
			t.Errorf("closed after %v with %v", time.Since(begin), got)
		}
	})
}

func TestPanicsMayBeAllowed(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.Panics.Most = -1 }, func(r *rig) {
		e := r.dial()
		for i := range 50 {
			e.send(fmt.Sprintf("R %d game.panic {}", i))
			e.batch()
		}
	})
}

func TestAHandlerThatDefersAndPanicsIsAnswered(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		h := actors.NewRoute("r")
		actors.HandleRaw(h, "x", func(c *actors.Context, _ []byte) ([]byte, error) { c.Defer(); panic("after all") })
		tree.Routes = []actors.Route{h}
	}, func(r *rig) {
		e := r.dial()
		e.send("R 1 r.x")
		if got := e.batch(); !slices.Equal(got, []string{"1!500"}) {
			t.Errorf("batch = %q", got)
		}
	})
}

func TestEventsTellOfAtMostAHundredFaultsASecond(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.Panics.Most = -1 }, func(r *rig) {
		told := r.faultsOn()
		e := r.dial()
		for i := range 150 {
			e.send(fmt.Sprintf("R %d game.panic {}", i))
			e.batch()
		}
		all := told()
		if len(all) != 100 || all[0] != "handler panic 1 game.panic in a handler" {
			t.Errorf("told %d, the first %q", len(all), all[0])
		}
		time.Sleep(time.Second)
		e.send("R 1 game.panic {}")
		e.batch()
		if all := told(); !slices.Equal(all, []string{"handler panic 151 game.panic in a handler"}) {
			t.Errorf("told %q", all)
		}
		if n := strings.Count(r.log.String(), "\n"); n > 11 {
			t.Errorf("%d lines in the log, want at most 11", n)
		}
	})
}

// A panic's line in the log leads to the handler, and no further.
func TestThePlaceOfAPanicIsLogged(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.panic {}")
		e.batch()
		log := r.log.String()
		if !strings.Contains(log, "actors_test.game.") || !strings.Contains(log, "(path_test.go:") || strings.Contains(log, "mailbox") {
			t.Errorf("log = %s", log)
		}
	})
}

func TestAStaleAnswerIsCounted(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		r.system.Root.Send(e.session.Socket, &messages.Response{Seq: 1 << 20})
		synctest.Wait()
		if n := r.tree.Stats().Faults[messages.FaultStale]; n != 1 {
			t.Errorf("%d stale, want 1", n)
		}
	})
}

func TestWhatIsSentToASocketThatIsGoneIsAnsweredOrCounted(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send("EOF")
		e.hungUp()
		next[*messages.Closed](t, r.events)
		me := newProbe(r.system)
		r.system.Root.RequestWithCustomSender(e.session.Socket, &messages.Kick{}, me.pid)
		next[*actor.DeadLetterResponse](t, me)
		if k := next[*messages.Kicked](t, me); k.SessionId != e.session.Id {
			t.Errorf("Kicked = %v", k)
		}
		r.system.Root.RequestWithCustomSender(e.session.Socket, &messages.Bind{Uid: "u"}, me.pid)
		next[*actor.DeadLetterResponse](t, me)
		if b := next[*messages.Bound](t, me); b.Error.GetCode() != messages.CodeGone {
			t.Errorf("Bound = %v", b)
		}
		r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on"})
		synctest.Wait()
		if n := r.tree.Stats().Faults[messages.FaultUndelivered]; n != 1 {
			t.Errorf("%d undelivered, want 1", n)
		}
	})
}

func TestARestartingRouteIsMadeAnewAfterAPanic(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		tree.Routes = []actors.Route{actors.Restarting("r", func() *actors.Handlers {
			n := 0
			h := actors.NewRoute("")
			actors.HandleRaw(h, "count", func(*actors.Context, []byte) ([]byte, error) { n++; return fmt.Append(nil, n), nil })
			actors.HandleRaw(h, "panic", func(*actors.Context, []byte) ([]byte, error) { n += 100; panic("half done") })
			return h
		})}
	}, func(r *rig) {
		e := r.dial()
		var got []string
		for _, ask := range []string{"R 1 r.count", "R 2 r.count", "R 3 r.panic", "R 4 r.count"} {
			e.send(ask)
			got = append(got, e.batch()...)
		}
		if want := []string{"1=1", "2=2", "3!500", "4=1"}; !slices.Equal(got, want) {
			t.Errorf("answers = %q, want %q", got, want)
		}
		if n := r.tree.Stats().Faults[messages.FaultRouteRestarted]; n != 1 {
			t.Errorf("%d restarts, want 1", n)
		}
	})
}

func TestARestartingRouteMustBeMakeable(t *testing.T) {
	for name, serve := range map[string]func() *actors.Handlers{
		"no function": nil,
		"no handlers": func() *actors.Handlers { return nil },
		"a panic":     func() *actors.Handlers { panic("no") },
	} {
		_, err := actors.Tree{Routes: []actors.Route{actors.Restarting("r", serve)}}.Start(actor.NewActorSystem())
		if err == nil {
			t.Errorf("%s: started", name)
		}
	}
}

// parts are the PIDs of the tree's actors whose ids hold a text.
func (r *rig) parts(text string) (pids []*actor.PID) {
	for _, bucket := range r.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		for id := range bucket.Items() {
			if strings.Contains(id, "fairlead-") && strings.Contains(id, text) {
				pids = append(pids, r.system.NewLocalPID(id))
			}
		}
	}
	slices.SortFunc(pids, func(a, b *actor.PID) int { return strings.Compare(a.Id, b.Id) })
	return pids
}

// Whatever part of the tree somebody stops, it is replaced, and serves on.
func TestAPartThatIsStoppedIsReplaced(t *testing.T) {
	for name, c := range map[string]struct {
		part string
		stay bool // clients that were there stay
	}{
		"a route":     {"/route/game/0", true},
		"a batcher":   {"/batcher/", true},
		"a listener":  {"/listener/0", true},
		"a shard":     {"/sockets/", false},
		"a parent":    {"/sessions/own", true},
		"a connector": {"/connector/lines", false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(tree *actors.Tree, p *place) {
				withGame(tree, p)
				tree.Routes = append(tree.Routes, actors.PerSession("own", func(*messages.Session) *actors.Handlers { return game() }))
			}, func(r *rig) {
				e := r.dial()
				r.tree.Group("room").Join(e.session.Socket)
				synctest.Wait()
				for _, pid := range r.parts(c.part) {
					if strings.HasSuffix(pid.Id, c.part) || !strings.Contains(pid.Id, "/socket/") && !strings.HasSuffix(c.part, "lines") {
						r.system.Root.Stop(pid)
					}
				}
				if err := r.tree.Group("room").Push("on", "meanwhile"); err != nil {
					t.Fatal(err)
				}
				if c.stay {
					if got := e.batch(); !slices.Equal(got, []string{`on:"meanwhile"`}) {
						t.Errorf("batch = %q", got)
					}
				} else {
					if got := e.hungUp(); got.Cause != messages.CauseClosed {
						t.Errorf("reason = %v", got)
					}
					if ev := next[*messages.Closed](t, r.events); ev.Session.Id != e.session.Id {
						t.Errorf("Closed = %v", ev)
					}
					e = r.dial()
				}
				for _, ask := range []string{"R 1 game.echo on", "R 1 own.echo on"} {
					e.send(ask)
					if got := e.batch(); !slices.Equal(got, []string{"1=on"}) {
						t.Errorf("%s: %q", ask, got)
					}
				}
				if n := r.tree.Stats().Faults[messages.FaultReplaced]; n == 0 {
					t.Error("nothing was replaced")
				}
			})
		})
	}
}

func TestTheWholeTreeStoppedFromOutsideEnds(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		for _, pid := range r.parts("fairlead-") {
			if !strings.Contains(pid.Id, "/") {
				r.system.Root.Stop(pid)
			}
		}
		e.hungUp()
		<-r.tree.Done()
		if err := r.tree.Err(); err == nil {
			t.Error("no error")
		}
	})
}

// A client that arrives while its shard is being replaced gets in.
func TestAClientArrivesWhileEverythingIsReplaced(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		for range 10 {
			for _, pid := range r.parts("/connector/lines") {
				if strings.HasSuffix(pid.Id, "/lines") {
					r.system.Root.Stop(pid)
				}
			}
			e := r.newEnd()
			r.place.conns <- e
			synctest.Wait()
			time.Sleep(10 * time.Millisecond)
			e.send("EOF")
			e.hungUp()
		}
		synctest.Wait()
		if n := r.tree.Stats().Connections; n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

func TestSupervisorsThatFailThriceDrainTheTree(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		shard := r.parts("/sockets/")
		shard = slices.DeleteFunc(shard, func(pid *actor.PID) bool { return strings.Contains(pid.Id, "/socket/") })
		for i := range 3 {
			select {
			case <-r.tree.Done():
				t.Fatal("ended too early")
			default:
			}
			r.system.Root.Send(shard[i], actors.Stray(r.newEnd()))
			synctest.Wait()
		}
		if got := e.hungUp(); got.Cause != messages.CauseDraining {
			t.Errorf("reason = %v", got)
		}
		<-r.tree.Done()
		if err := r.tree.Err(); err == nil || !strings.Contains(err.Error(), "3 times") {
			t.Errorf("Err = %v", err)
		}
		if n := r.tree.Stats().Faults[messages.FaultTree]; n != 3 {
			t.Errorf("%d faults, want 3", n)
		}
	})
}

func TestAListenerThatFailsIsTriedAgain(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		told := r.faultsOn()
		e := r.dial()
		begin := time.Now()
		r.place.conns <- errors.New("no more descriptors")
		synctest.Wait()
		if err := r.tree.Ready(); err == nil {
			t.Error("ready, though it does not accept")
		}
		next := r.dial()
		if d := time.Since(begin); d < 37*time.Millisecond || d > 63*time.Millisecond {
			t.Errorf("back after %v, want 50 ms, a quarter more or less", d)
		}
		for _, c := range []*end{e, next} {
			c.send("R 1 game.echo x")
			c.batch()
		}
		if all := told(); len(all) != 1 || !strings.HasPrefix(all[0], "listener 1 ") {
			t.Errorf("told %q", all)
		}
	})
}

// healing is a listener that tries by itself: its errors are notices.
type healing struct {
	*place
	err error
}

func (h *healing) Listen(context.Context) ([]connectors.Listener, error) {
	return []connectors.Listener{h}, nil
}

func (h *healing) Health() error { return h.err }

func (h *healing) Counts() connectors.Counts {
	return connectors.Counts{Refused: 1, AcceptErrors: 2, Shed: 3}
}

func TestANoticeOfAListenerThatHealsItselfKeepsNobodyOut(t *testing.T) {
	h := &healing{}
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		h.place = p
		tree.Connectors = []connectors.Connector{h}
	}, func(r *rig) {
		begin := time.Now()
		r.place.conns <- errors.New("lost the port")
		r.dial()
		if d := time.Since(begin); d != 0 {
			t.Errorf("a client waited for %v", d)
		}
		h.err = errors.New("still lost")
		if err := r.tree.Ready(); err == nil || !strings.Contains(err.Error(), "still lost") {
			t.Errorf("Ready = %v", err)
		}
		h.err = nil
		if err := r.tree.Ready(); err != nil {
			t.Errorf("Ready = %v", err)
		}
		time.Sleep(time.Second)
		r.place.conns <- errors.New("again")
		r.place.conns <- errors.New("and at once again")
		synctest.Wait()
		if s := r.tree.Stats(); s.Listeners[0].Failed != 3 || s.Faults[messages.FaultListener] != 3 {
			t.Errorf("stats = %+v", s)
		}
		if got, want := r.tree.Stats().Counts, h.Counts(); got != want {
			t.Errorf("counts = %+v, want %+v", got, want)
		}
		if err := r.tree.Ready(); err == nil {
			t.Error("ready, though it does not pace itself")
		}
	})
}
