package actors_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

func TestEveryEndOfAConnectionIsToldOnceWithItsCause(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(r *rig, e *end)
		want messages.Cause
	}{
		"the client hangs up":      {func(_ *rig, e *end) { e.send("EOF") }, messages.CauseClient},
		"malformed bytes":          {func(_ *rig, e *end) { e.send("bad") }, messages.CauseMalformed},
		"a kick":                   {func(r *rig, e *end) { r.system.Root.Send(e.session.Socket, &messages.Kick{Reason: "x"}) }, messages.CauseKicked},
		"a close":                  {func(r *rig, e *end) { r.system.Root.Send(e.session.Socket, &messages.Close{}) }, messages.CauseClosed},
		"somebody stops the actor": {func(r *rig, e *end) { r.system.Root.Stop(e.session.Socket) }, messages.CauseClosed},
		"the server stops":         {func(r *rig, _ *end) { r.tree.Stop() }, messages.CauseStopping},
		"no sign of life":          {func(*rig, *end) {}, messages.CauseHeartbeatTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(_ *actors.Tree, p *place) { p.silence = time.Minute }, func(r *rig) {
				e := r.dial()
				begin := time.Now()
				c.do(r, e)
				if got := e.hungUp().Cause; got != c.want {
					t.Errorf("cause on the wire = %v, want %v", got, c.want)
				}
				ev := next[*messages.Closed](t, r.events)
				if ev.Cause != c.want || ev.Session.Id != e.session.Id {
					t.Errorf("event = %v, want cause %v of session %s", ev, c.want, e.session.Id)
				}
				if c.want == messages.CauseHeartbeatTimeout && time.Since(begin) != time.Minute {
					t.Errorf("closed after %v, want 1m", time.Since(begin))
				}
				time.Sleep(time.Minute)
				if len(r.events.got) != 0 {
					t.Errorf("another event: %v", <-r.events.got)
				}
			})
		})
	}
}

func TestLifeIsCountedFromTheLastFrame(t *testing.T) {
	bubble(t, func(_ *actors.Tree, p *place) { p.silence = 30 * time.Second }, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		for range 3 {
			time.Sleep(29 * time.Second)
			e.send("life")
		}
		e.hungUp()
		if got, want := time.Since(begin), 3*29*time.Second+30*time.Second; got != want {
			t.Errorf("closed after %v, want %v", got, want)
		}
	})
}

func TestAKickLeavesLastAndIsAnswered(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on", Body: []byte("1")})
		r.system.Root.RequestWithCustomSender(e.session.Socket, &messages.Kick{Reason: "enough"}, r.events.pid)
		r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on", Body: []byte("2")}) // the socket may be gone
		if got, want := e.batch(), []string{"on:1", "kick:enough"}; !slices.Equal(got, want) {
			t.Errorf("batch = %q, want %q", got, want)
		}
		e.hungUp()
		if k := next[*messages.Kicked](t, r.events); !k.Flushed || k.SessionId != e.session.Id {
			t.Errorf("Kicked = %v, want flushed", k)
		}
		if ev := next[*messages.Closed](t, r.events); ev.Reason != "enough" || ev.Unsent != 0 {
			t.Errorf("Closed = %v", ev)
		}
	})
}

func TestAStuckClientIsKickedAtOnce(t *testing.T) {
	for name, c := range map[string]struct{ stuck, want time.Duration }{
		"whose write has just begun":           {0, 250 * time.Millisecond},
		"who has been for a tenth of a second": {100 * time.Millisecond, 150 * time.Millisecond},
		"who has been for longer":              {time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) { kickStuck(t, c.stuck, c.want) })
	}
}

func kickStuck(t *testing.T, stuck, want time.Duration) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.block.Store(true)
		r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on", Body: []byte("1"), Urgent: true})
		<-e.stuck
		time.Sleep(stuck)
		begin := time.Now()
		r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on", Body: []byte("2")})
		r.system.Root.RequestWithCustomSender(e.session.Socket, &messages.Kick{}, r.events.pid)
		e.hungUp()
		if d := time.Since(begin).Round(time.Millisecond); d != want {
			t.Errorf("closed after %v, want %v", d, want)
		}
		if k := next[*messages.Kicked](t, r.events); k.Flushed {
			t.Error("Kicked says flushed, and nothing was")
		}
		if ev := next[*messages.Closed](t, r.events); ev.Unsent != 3 {
			t.Errorf("unsent = %d, want 3: two pushes and the kick", ev.Unsent)
		}
	})
}

func TestAClientThatTakesNothingIsClosedWhenItsOutboxIsFull(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) { tree.OutboxHard = 1000 }, func(r *rig) {
		e, neighbour := r.dial(), r.dial()
		e.block.Store(true)
		r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on", Body: make([]byte, 5000), Urgent: true})
		<-e.stuck
		for range 11 {
			r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on", Body: make([]byte, 97)})
		}
		if got := e.hungUp().Cause; got != messages.CauseSlow {
			t.Errorf("cause = %v, want slow", got)
		}
		r.system.Root.Send(neighbour.session.Socket, &messages.Push{Route: "on", Body: []byte("fine")})
		if got := neighbour.batch(); !slices.Equal(got, []string{"on:fine"}) {
			t.Errorf("neighbour got %q", got)
		}
	})
}

func TestOneEntryOfAnySizeFitsAnEmptyOutbox(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) { tree.OutboxHard = 1000 }, func(r *rig) {
		e := r.dial()
		r.system.Root.Send(e.session.Socket, &messages.Push{Route: "on", Body: make([]byte, 100_000)})
		if got := len(e.batch()[0]); got != 100_003 {
			t.Errorf("got %d bytes", got)
		}
	})
}

func TestNoMoreThanItsSlotsAreInFlight(t *testing.T) {
	for name, tune := range map[string]func(*actors.Tree){
		"by number": func(t *actors.Tree) { t.InFlight = 3 },
		"by bytes":  func(t *actors.Tree) { t.InFlightBytes = 3 * len("xbody") },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(tree *actors.Tree, _ *place) {
				tree.Routes = []actors.Route{actors.RouteFunc("", func(*messages.Session, string) *actor.PID { return tree.Events })}
				tune(tree)
			}, func(r *rig) {
				e := r.dial()
				for i := range 5 {
					e.send(fmt.Sprintf("R %d x body", i))
				}
				synctest.Wait()
				if got := len(r.events.got); got != 3 {
					t.Fatalf("%d requests in flight, want 3", got)
				}
				for i := range 5 {
					req := next[*messages.Request](t, r.events)
					r.system.Root.Send(e.session.Socket, req.Reply([]byte("ok")))
					r.system.Root.Send(e.session.Socket, req.Reply([]byte("again")))
					if got, want := e.batch(), fmt.Sprintf("%d=ok", i); !slices.Equal(got, []string{want}) {
						t.Errorf("answer = %q, want %q once", got, want)
					}
				}
			})
		})
	}
}

func TestARequestExpiresWith504AndItsLateAnswerIsDropped(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		tree.Routes = []actors.Route{actors.RouteFunc("", func(*messages.Session, string) *actor.PID { return tree.Events })}
		tree.InFlight = 1
	}, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		e.send("R 1 x", "R 2 y")
		late := next[*messages.Request](t, r.events)
		if got := e.batch(); !slices.Equal(got, []string{"1!504"}) || time.Since(begin) != 10*time.Second {
			t.Errorf("got %q after %v, want 1!504 after 10s", got, time.Since(begin))
		}
		second := next[*messages.Request](t, r.events)
		r.system.Root.Send(e.session.Socket, late.Reply([]byte("late")))
		r.system.Root.Send(e.session.Socket, second.Reply([]byte("good")))
		if got := e.batch(); !slices.Equal(got, []string{"2=good"}) {
			t.Errorf("got %q, want the second answer only", got)
		}
		if want := begin.Add(20 * time.Second).UnixNano(); second.Deadline != want {
			t.Errorf("second deadline = %d, want %d", second.Deadline, want)
		}
	})
}

func TestNotifiesGiveTheirSlotsBack(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		tree.InFlight = 1
	}, func(r *rig) {
		e := r.dial()
		for range 10 {
			e.send("N game.echo x", "N game.panic x", "N game.unknown x", "N nowhere x")
		}
		e.send("R 1 game.echo done")
		if got := e.batch(); !slices.Equal(got, []string{"1=done"}) {
			t.Errorf("got %q, want only the answer to the request", got)
		}
	})
}

func TestASocketThatPanicsIsRestartedOnItsLink(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		tree.Routes = []actors.Route{game(), actors.RouteFunc("slow", func(*messages.Session, string) *actor.PID { return tree.Events })}
	}, func(r *rig) {
		var restarts atomic.Int64
		r.system.EventStream.Subscribe(func(ev any) {
			if s, ok := ev.(*actor.SupervisorEvent); ok && s.Directive == actor.RestartDirective {
				restarts.Add(1)
			}
		})
		e := r.dial()
		e.send("R 1 slow.x")
		req := next[*messages.Request](t, r.events)
		e.send("panic", "R 2 game.echo next")
		if got := e.batch(); !slices.Equal(got, []string{"2=next"}) {
			t.Errorf("after the panic got %q", got)
		}
		r.system.Root.Send(e.session.Socket, req.Reply([]byte("kept")))
		if got := e.batch(); !slices.Equal(got, []string{"1=kept"}) {
			t.Errorf("request in flight was answered %q", got)
		}
		e.send("panic")
		time.Sleep(9 * time.Second)
		if n := restarts.Load(); n != 2 {
			t.Errorf("%d restarts, want 2", n)
		}
		e.send("panic")
		if got := e.hungUp().Cause; got != messages.CauseFailed {
			t.Errorf("third panic in 10 s: cause = %v, want failed", got)
		}
	})
}

func TestPanicsFarApartAreForgiven(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		for range 10 {
			e.send("panic")
			time.Sleep(6 * time.Second)
		}
		e.send("R 1 game.echo alive")
		if got := e.batch(); !slices.Equal(got, []string{"1=alive"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestAListenerIsRestartedWithBackoffOnTheSamePlace(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		restarted := make(chan time.Duration, 100)
		begin := time.Now()
		r.system.EventStream.Subscribe(func(ev any) {
			if s, ok := ev.(*actor.SupervisorEvent); ok && s.Directive == actor.RestartDirective {
				restarted <- time.Since(begin)
			}
		})
		for range 8 {
			r.place.conns <- errors.New("no")
		}
		r.place.conns <- "panic"
		r.dial()
		var at []time.Duration
		for len(restarted) > 0 {
			at = append(at, <-restarted)
		}
		if len(at) != 9 {
			t.Fatalf("%d restarts, want 9", len(at))
		}
		want := 50 * time.Millisecond
		for i := 1; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < want*3/4 || gap > want*5/4+1 {
				t.Errorf("gap %d is %v, want %v and at most a quarter more or less", i, gap, want)
			}
			want = min(2*want, 5*time.Second)
		}
		e.send("R 1 game.echo alive")
		if got := e.batch(); !slices.Equal(got, []string{"1=alive"}) {
			t.Errorf("live client got %q", got)
		}
	})
}

func TestHandshake(t *testing.T) {
	hook := func(_ context.Context, h *connectors.Hello) (any, error) {
		switch string(h.User) {
		case "panic":
			panic("in the hook")
		case "no":
			return nil, messages.NewError(401, "who are you")
		case "slow":
			time.Sleep(time.Second)
		}
		return "dear " + string(h.User), nil
	}
	for name, c := range map[string]struct {
		hello []string
		want  string
		after time.Duration
	}{
		"accepted":                       {[]string{"H ann"}, "welcome: dear ann", 0},
		"refused":                        {[]string{"H no"}, "refused: code 401: who are you", 0},
		"a panic refuses":                {[]string{"H panic"}, "refused: code 500", 0},
		"a slow hook delays nobody else": {[]string{"H slow", "H bob"}, "welcome: dear bob", 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(tree *actors.Tree, p *place) {
				tree.Handshake, p.shy, p.silence = hook, true, 5*time.Second
			}, func(r *rig) {
				e := r.dial()
				begin := time.Now()
				e.send(c.hello...)
				if got := e.batch(); got[0] != c.want || time.Since(begin) != c.after {
					t.Errorf("got %q after %v, want %q after %v", got, time.Since(begin), c.want, c.after)
				}
				if strings.HasPrefix(c.want, "refused") {
					if got := e.hungUp().Cause; got != messages.CauseRefused {
						t.Errorf("cause = %v", got)
					}
					if len(r.events.got) != 0 {
						t.Errorf("an event for a client that never came in: %v", <-r.events.got)
					}
				}
			})
		})
	}
}

func TestTwoHellosInOneReadAreBothAskedAbout(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		p.shy = true
		tree.Handshake = func(_ context.Context, h *connectors.Hello) (any, error) {
			if string(h.User) == "slow" {
				time.Sleep(time.Second)
			}
			return string(h.User), nil
		}
	}, func(r *rig) {
		e := r.dial()
		e.send("H slow\nH quick")
		if got := e.batch(); !slices.Equal(got, []string{"welcome: quick"}) {
			t.Errorf("got %q, want the quick one first", got)
		}
	})
}

func TestAHookThatNeverAnswersIsCancelledWithItsClient(t *testing.T) {
	cancelled := make(chan time.Time, 1)
	bubble(t, func(tree *actors.Tree, p *place) {
		p.shy, p.silence = true, 5*time.Second
		tree.Handshake = func(ctx context.Context, _ *connectors.Hello) (any, error) {
			<-ctx.Done()
			cancelled <- time.Now()
			return nil, context.Cause(ctx)
		}
	}, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		e.send("H ann")
		e.hungUp()
		if a, b := time.Since(begin), (<-cancelled).Sub(begin); a != 5*time.Second || b != a {
			t.Errorf("closed after %v, cancelled after %v, want 5s", a, b)
		}
	})
}

func TestNothingIsLeftWhenStartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, bad := newPlace(), &broken{newPlace()}
		system := actor.NewActorSystem()
		_, err := actors.Tree{Connectors: []connectors.Connector{good, bad}}.Start(system)
		if err == nil || !strings.Contains(err.Error(), `connector "broken": no wire`) {
			t.Errorf("error = %v", err)
		}
		select {
		case <-good.closed:
		default:
			t.Error("the first connector still listens")
		}
	})
}

type broken struct{ *place }

func (*broken) Name() string { return "broken" }
func (*broken) Listen(context.Context) ([]connectors.Listener, error) {
	return nil, errors.New("no wire")
}

func TestASubscriberThatPanicsHurtsNobody(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		r.system.EventStream.Subscribe(func(ev any) {
			if _, ok := ev.(*messages.Closed); ok {
				panic("in a subscriber")
			}
		})
		a, b := r.dial(), r.dial()
		a.send("EOF")
		if ev := next[*messages.Closed](t, r.events); ev.Session.Id != a.session.Id {
			t.Errorf("Closed for %s, want %s", ev.Session.Id, a.session.Id)
		}
		b.send("R 1 game.echo fine")
		if got := b.batch(); !slices.Equal(got, []string{"1=fine"}) {
			t.Errorf("neighbour got %q", got)
		}
	})
}

func TestAConnThatPanicsIsLostAlone(t *testing.T) {
	bubbleOf(t, read, withGame, func(r *rig) {
		a, b := r.dial(), r.dial()
		a.send("broken wire")
		if got := a.hungUp().Cause; got != messages.CauseFailed {
			t.Errorf("cause = %v, want failed", got)
		}
		b.send("R 1 game.echo fine")
		if got := b.batch(); !slices.Equal(got, []string{"1=fine"}) {
			t.Errorf("neighbour got %q", got)
		}
	})
}

func TestARouteFunctionThatPanicsCostsOneRequest(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		tree.Routes = []actors.Route{game(), actors.RouteFunc("pick", func(*messages.Session, string) *actor.PID {
			panic("in a route function")
		})}
	}, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.echo a\nR 2 pick.x\nR 3 game.echo b\nN pick.x")
		var got []string
		for len(got) < 3 {
			got = append(got, e.batch()...)
		}
		slices.Sort(got)
		if want := []string{"1=a", "2!500", "3=b"}; !slices.Equal(got, want) {
			t.Errorf("answers %q, want %q", got, want)
		}
	})
}

// refusing is a Conn whose writes fail.
type refusing struct {
	*end
	err error
}

func (c refusing) Write(net.Buffers) error { return c.err }

// A Conn that knows why it cannot be written says so.
func TestAWriteThatFailsEndsTheClient(t *testing.T) {
	for err, want := range map[error]messages.Cause{
		connectors.ErrSlow: messages.CauseSlow, connectors.ErrReplaced: messages.CauseReplaced, net.ErrClosed: messages.CauseNetwork,
	} {
		bubbleOf(t, read, nil, func(r *rig) {
			e := r.newEnd()
			r.enter(refusing{e, fmt.Errorf("write: %w", err)}, e)
			r.system.Root.Send(e.session.Socket, &messages.Push{Route: "a", Urgent: true})
			if got := e.hungUp().Cause; got != want {
				t.Errorf("%v: closed by %v, want %v", err, got, want)
			}
		})
	}
}
