package actors_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// ten is what a push of ten bytes counts.
var ten = actors.Cost(10)

// narrow is a tree whose outboxes hold little.
func narrow(tree *actors.Tree, p *place) {
	withGame(tree, p)
	tree.OutboxSoft, tree.OutboxHard = 4*ten, 10*ten
}

// clog makes the client's next write wait, and returns when it does.
func (r *rig) clog(e *end) {
	e.block.Store(true)
	r.push(e, "urgent", func(p *messages.Push) { p.Urgent = true })
	<-e.stuck
}

// push sends the client a push of ten bytes and what else is said of it.
func (r *rig) push(e *end, body string, tune ...func(*messages.Push)) {
	p := &messages.Push{Route: "on", Body: fmt.Appendf(nil, "%-7s", body)}
	for _, f := range tune {
		f(p)
	}
	r.system.Root.Send(e.session.Socket, p)
}

func lossy(p *messages.Push) { p.Lossy = true }

func TestOverTheSoftLimitTheOldestLossyPushesGo(t *testing.T) {
	bubble(t, narrow, func(r *rig) {
		e := r.dial()
		for _, body := range []string{"a", "L1", "b", "L2", "L3", "c"} {
			if body[0] == 'L' {
				r.push(e, body, lossy)
			} else {
				r.push(e, body)
			}
		}
		if got, want := e.batch(), []string{"on:a      ", "on:b      ", "on:L3     ", "on:c      "}; !slices.Equal(got, want) {
			t.Errorf("batch = %q, want %q", got, want)
		}
		if n := r.tree.Stats().Faults[messages.FaultShed]; n != 2 {
			t.Errorf("%d shed, want 2", n)
		}
	})
}

func TestLossyPushesOfAGroupGoToo(t *testing.T) {
	bubble(t, narrow, func(r *rig) {
		e := r.dial()
		r.clog(e)
		for i := range 5 {
			if err := r.tree.All().PushLossy("on", strings.Repeat("x", 100)+fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if n := r.tree.Stats().Faults[messages.FaultShed]; n == 0 {
			t.Error("nothing was shed")
		}
		if n := r.tree.Stats().Connections; n != 1 {
			t.Error("the client was closed for what it may miss")
		}
	})
}

func TestALossyPushIsRefusedWhenOnlyOthersWait(t *testing.T) {
	bubble(t, narrow, func(r *rig) {
		e := r.dial()
		for _, body := range []string{"a", "b", "c", "d"} {
			r.push(e, body)
		}
		r.push(e, "L", lossy)
		if got := e.batch(); len(got) != 4 || strings.Contains(fmt.Sprint(got), "L") {
			t.Errorf("batch = %q, want a to d", got)
		}
	})
}

func TestOverTheHardLimitTheClientIsSlow(t *testing.T) {
	bubble(t, narrow, func(r *rig) {
		e := r.dial()
		r.clog(e)
		for range 10 {
			r.push(e, "x")
		}
		if got := e.hungUp(); got.Cause != messages.CauseSlow || got.Text != "outbox full" {
			t.Errorf("reason = %v", got)
		}
		if ev := next[*messages.Closed](t, r.events); ev.Cause != messages.CauseSlow || ev.Unsent != 10 {
			t.Errorf("Closed = %v", ev)
		}
	})
}

// What gathers within a tick is not the client's fault.
func TestAHealthyClientIsNotSlow(t *testing.T) {
	bubble(t, narrow, func(r *rig) {
		g := &gauge{end: r.newEnd()}
		g.stalled.Store(&time.Time{}) // its wire takes all there is
		r.enter(g, g.end)
		e := g.end
		for range 30 {
			r.push(e, "x")
		}
		r.push(e, strings.Repeat("x", 1000))
		for n := 0; n < 31; {
			n += len(e.batch())
		}
	})
}

// The answers that were promised come before the close.
func TestThePanicThatIsOneTooManyIsAnswered(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		h := actors.NewRoute("r")
		actors.HandleRaw(h, "x", func(c *actors.Context, _ []byte) ([]byte, error) {
			for range 100 {
				_ = c.All().Push("on", "x")
			}
			panic("behind group pushes")
		})
		tree.Routes = []actors.Route{h}
	}, func(r *rig) {
		e := r.dial()
		for i := range 5 {
			e.send(fmt.Sprintf("R %d r.x", i))
		}
		var answers []string
		for _, line := range e.rest() {
			if strings.HasSuffix(line, "!500") {
				answers = append(answers, line)
			}
		}
		if len(answers) != 5 {
			t.Errorf("answers = %q, want five", answers)
		}
	})
}

func TestWhatIsBeingWrittenCountsAsWaiting(t *testing.T) {
	bubble(t, narrow, func(r *rig) {
		e := r.dial()
		r.clog(e)
		for range 9 {
			r.push(e, "x")
		}
		synctest.Wait()
		if r.tree.Stats().Closed[messages.CauseSlow] != 0 {
			t.Fatal("closed with as much as may wait")
		}
		r.push(e, "x")
		if got := e.hungUp(); got.Cause != messages.CauseSlow {
			t.Errorf("reason = %v", got)
		}
	})
}

func TestOneMessageOfAnySizeMayAlwaysWait(t *testing.T) {
	bubble(t, narrow, func(r *rig) {
		e := r.dial()
		big := strings.Repeat("x", 1000)
		r.push(e, big)
		if got := e.batch(); len(got) != 1 || len(got[0]) != 1003 {
			t.Errorf("batch = %d messages", len(got))
		}
	})
}

func TestPublishersLearnOfPressureAndItsEnd(t *testing.T) {
	bubble(t, narrow, func(r *rig) {
		var onStream []*messages.Pressure
		r.system.EventStream.Subscribe(func(ev any) {
			if p, ok := ev.(*messages.Pressure); ok {
				onStream = append(onStream, p)
			}
		})
		e, publisher := r.dial(), newProbe(r.system)
		e.out = make(chan []string) // a write ends when it is taken
		r.push(e, "urgent", func(p *messages.Push) { p.Urgent = true })
		synctest.Wait()
		ask := func(body string) {
			r.system.Root.RequestWithCustomSender(e.session.Socket, &messages.Push{Route: "on", Body: fmt.Appendf(nil, "%-7s", body)}, publisher.pid)
		}
		for range 3 {
			ask("x")
		}
		if len(onStream) != 0 || len(publisher.got) != 0 {
			t.Fatalf("told %v with as much as may wait", onStream)
		}
		ask("x")
		ask("x")
		high := next[*messages.Pressure](t, publisher)
		if !high.High || high.Bytes != uint64(5*ten) || high.SessionId != e.session.Id || !high.Socket.Equal(e.session.Socket) {
			t.Errorf("Pressure = %v", high)
		}
		e.batch()
		e.batch()
		if low := next[*messages.Pressure](t, publisher); low.High {
			t.Errorf("Pressure = %v, want its end", low)
		}
		synctest.Wait()
		if len(onStream) != 2 || !onStream[0].High || onStream[1].High || len(publisher.got) != 0 {
			t.Errorf("event stream = %v, and %d more to the publisher", onStream, len(publisher.got))
		}
	})
}

func TestAMessageThatHasWaitedTooLongClosesItsClient(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		r.clog(e)
		time.Sleep(time.Second)
		begin := time.Now()
		r.push(e, "x")
		reason := e.hungUp()
		// The write that is stuck is a second older than the push behind it.
		if d := time.Since(begin).Round(time.Millisecond); d != 4*time.Second || reason.Cause != messages.CauseSlow || reason.Text != "takes nothing" {
			t.Errorf("closed after %v with %v", d, reason)
		}
	})
}

// gauge is a client whose wire tells since when it takes nothing.
type gauge struct {
	*end
	stalled atomic.Pointer[time.Time]
}

func (g *gauge) Progress() (uint64, time.Time) { return 0, *g.stalled.Load() }

// move notes that the wire takes something now.
func (g *gauge) move() { now := time.Now(); g.stalled.Store(&now) }

func TestASlowClientThatGetsOnStays(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		g := &gauge{end: r.newEnd()}
		g.move()
		r.enter(g, g.end)
		r.clog(g.end)
		for range 30 {
			g.move()
			time.Sleep(time.Second)
		}
		if n := r.tree.Stats().Connections; n != 1 {
			t.Fatal("closed, though it got on")
		}
		begin := time.Now()
		if got := g.hungUp(); got.Text != "takes nothing" || time.Since(begin).Round(time.Millisecond) != 4*time.Second {
			t.Errorf("closed %v after it last took something, with %v", time.Since(begin)+time.Second, got)
		}
	})
}

func TestAMessageBehindALongOneMayBeTooOld(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		g := &gauge{end: r.newEnd()}
		g.move()
		r.enter(g, g.end)
		r.clog(g.end)
		begin := time.Now()
		r.push(g.end, "behind")
		for range 4 {
			time.Sleep(time.Second)
			g.move()
		}
		if got := g.hungUp(); got.Text != "message too old" || time.Since(begin).Round(time.Millisecond) != 5*time.Second {
			t.Errorf("closed after %v with %v", time.Since(begin), got)
		}
	})
}

func TestAgeOfMessagesMayBeUnlimited(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.OutboxAge = 0 }, func(r *rig) {
		e := r.dial()
		r.clog(e)
		r.push(e, "x")
		time.Sleep(time.Hour)
		if n := r.tree.Stats().Connections; n != 1 {
			t.Error("closed")
		}
	})
}

// A mailbox that nobody empties fast enough does not grow without end: its client goes.
func TestAFloodedSocketIsClosed(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		inside := make(chan struct{})
		r.place.encode = func(body string) {
			if body == "wait   " {
				inside <- struct{}{}
				<-inside
			}
		}
		go r.push(e, "wait")
		<-inside
		for range 17_000 {
			r.push(e, "x", lossy)
		}
		inside <- struct{}{}
		if got := e.hungUp(); got.Cause != messages.CauseSlow || got.Text != "mailbox full" {
			t.Errorf("reason = %v", got)
		}
		synctest.Wait()
		if n := r.tree.Stats().Faults[messages.FaultUndelivered]; n < 600 {
			t.Errorf("%d undelivered, want at least those over the limit", n)
		}
	})
}

func TestGroupPushesOverTheLimitAreRefused(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.GroupQueue = 3 }, func(r *rig) {
		e := r.dial()
		r.tree.Group("room").Join(e.session.Socket)
		synctest.Wait()
		inside := make(chan struct{})
		busy := r.tree.All().Where(func(*messages.Session) bool { inside <- struct{}{}; <-inside; return false })
		if err := busy.Push("on", "x"); err != nil {
			t.Fatal(err)
		}
		<-inside
		synctest.Wait()
		var errs []error
		for i := range 5 {
			errs = append(errs, r.tree.Group("room").Push("on", i))
		}
		inside <- struct{}{}
		if want := []error{nil, nil, nil, actors.ErrGroupBusy, actors.ErrGroupBusy}; !slices.Equal(errs, want) {
			t.Errorf("pushes = %v, want %v", errs, want)
		}
		if got, want := e.batch(), []string{"on:0", "on:1", "on:2"}; !slices.Equal(got, want) {
			t.Errorf("batch = %q, want %q", got, want)
		}
		if n := r.tree.Stats().Faults[messages.FaultGroupBusy]; n != 2 {
			t.Errorf("%d refused, want 2", n)
		}
	})
}

func TestRateSlowsAFastClientDown(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		tree.Limits.Rate = actors.Rate{PerSecond: 10, Burst: 3}
	}, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		var came []time.Duration
		for i := range 5 {
			e.send(fmt.Sprintf("R %d game.echo x", i))
		}
		for len(came) < 5 {
			for range e.batch() {
				came = append(came, time.Since(begin))
			}
		}
		want := []time.Duration{0, 0, 0, 100 * time.Millisecond, 200 * time.Millisecond}
		for i := range want {
			if d := came[i] - want[i]; d < 0 || d > 3 {
				t.Errorf("answers came after %v, want %v", came, want)
				break
			}
		}
	})
}

// A request's time begins when it is let through, not when it was read.
func TestPacedRequestsHaveTheirTime(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		tree.Limits.Rate = actors.Rate{PerSecond: 1, Burst: 1}
		tree.RequestTimeout = 3 * time.Second
	}, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.echo x\nR 2 game.echo x\nR 3 game.echo x\nR 4 game.echo x\nR 5 game.echo x\nR 6 game.never x")
		begin := time.Now()
		for i := 1; i <= 5; i++ {
			if got := e.batch(); !slices.Equal(got, []string{fmt.Sprintf("%d=x", i)}) {
				t.Errorf("batch = %q", got)
			}
		}
		e.batch()
		if d := time.Since(begin).Round(time.Millisecond); d != 8*time.Second {
			t.Errorf("the sixth expired after %v, want 5s and 3s", d)
		}
	})
}

func TestAPauseEndsWithTheOldestRequestAnsweredBusy(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		tree.RequestTimeout, tree.InFlight = 0, 2
	}, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		for i := range 3 {
			e.send(fmt.Sprintf("R %d game.never x", i))
			time.Sleep(time.Second)
		}
		if got := e.batch(); !slices.Equal(got, []string{"0!503"}) {
			t.Errorf("batch = %q, want 0!503", got)
		}
		if d := time.Since(begin); d != 32*time.Second {
			t.Errorf("after %v, want 2s, when the reader began to wait, and 30s", d)
		}
	})
}

// A route of the user's is bounded over all sockets, though its mailbox is not ours.
func TestAForeignRouteIsBounded(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		tree.RouteQueue = 3
		tree.Routes = []actors.Route{actors.RouteFunc("far", func(*messages.Session, string) *actor.PID { return p.far })}
	}, func(r *rig) {
		far := newProbe(r.system)
		r.place.far = far.pid
		a, b := r.dial(), r.dial()
		a.send("R 1 far.x x\nR 2 far.x x")
		synctest.Wait()
		b.send("R 3 far.x x\nR 4 far.x x")
		if got := b.batch(); !slices.Equal(got, []string{"4!503"}) {
			t.Errorf("batch = %q, want 4!503", got)
		}
		req := next[*messages.Request](t, far)
		r.system.Root.Send(req.Session.Socket, req.Reply([]byte("1")))
		if got := a.batch(); !slices.Equal(got, []string{"1=1"}) {
			t.Errorf("batch = %q, want 1=1", got)
		}
		b.send("R 5 far.x x")
		synctest.Wait()
		if n := len(far.got); n != 3 {
			t.Errorf("%d requests wait, want 3: there was room again", n)
		}
	})
}
