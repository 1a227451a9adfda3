package actors_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
)

// office is a route whose handlers answer at once, or when they are told to.
type office struct {
	*actors.Handlers
	goOn   chan struct{}
	greets *actor.PID // whom greet speaks to
}

func newOffice(tree *actors.Tree) *office {
	o := &office{Handlers: actors.NewRoute("office"), goOn: make(chan struct{})}
	actors.HandleRaw(o.Handlers, "echo", func(_ *actors.Context, b []byte) ([]byte, error) { return b, nil })
	actors.HandleRaw(o.Handlers, "nap", func(_ *actors.Context, b []byte) ([]byte, error) {
		<-time.After(5 * time.Millisecond)
		return b, nil
	})
	actors.HandleRaw(o.Handlers, "exit", func(*actors.Context, []byte) ([]byte, error) { runtime.Goexit(); return nil, nil })
	actors.HandleRaw(o.Handlers, "greet", func(c *actors.Context, _ []byte) ([]byte, error) {
		c.Defer()
		return nil, c.PushSocket(o.greets, "on", "hello")
	})
	actors.HandleRaw(o.Handlers, "wait", func(_ *actors.Context, b []byte) ([]byte, error) {
		<-o.goOn
		return b, nil
	})
	tree.Routes = []actors.Route{o.Handlers}
	return o
}

// atOffice is a bubble with two clients that bring what the test has them bring.
func atOffice(t *testing.T, tune func(*actors.Tree), f func(r *rig, o *office, a, b *hand)) {
	t.Helper()
	var o *office
	bubbleOf(t, brought, func(tree *actors.Tree, _ *place) {
		if o = newOffice(tree); tune != nil {
			tune(tree)
		}
	}, func(r *rig) {
		a, b := &hand{end: r.newEnd()}, &hand{end: r.newEnd()}
		r.enter(a, a.end)
		r.enter(b, b.end)
		synctest.Wait()
		f(r, o, a, b)
	})
}

// lend brings lines with a turn, and leaves it to the test to have it done.
func (h *hand) lend(turn *connectors.Turn, lines ...string) {
	h.end.t.Helper()
	if !turn.Take(h.Sink, cut(strings.Join(lines, "\n")), nil) {
		h.end.t.Error("no more is wanted")
	}
	synctest.Wait()
}

// written is what has been written, a string for each write.
func (e *end) written() (all []string) {
	synctest.Wait()
	for len(e.out) > 0 {
		all = append(all, strings.Join(<-e.out, " "))
	}
	return all
}

func TestARouteThatIsQuickRunsOnTheGoroutineThatBringsItsRequests(t *testing.T) {
	atOffice(t, nil, func(_ *rig, o *office, a, _ *hand) {
		var turn connectors.Turn
		n := 0
		for ; !actors.Brisk(o.Handlers) && n < 100; n++ {
			a.lend(&turn, fmt.Sprintf("R %d office.echo x", n))
		}
		if got := len(a.written()); n < 2 || n == 100 || got != n {
			t.Fatalf("known as quick after %d requests, of which %d were answered by somebody else", n, got)
		}
		a.lend(&turn, "R 1 office.echo x")
		if got := a.written(); got != nil {
			t.Errorf("%q was answered though the turn has not come", got)
		}
		turn.Do()
		if got := a.written(); !slices.Equal(got, []string{"1=x"}) {
			t.Errorf("the turn has answered %q", got)
		}
	})
}

func TestARouteThatIsSlowIsNotWaitedFor(t *testing.T) {
	atOffice(t, nil, func(r *rig, o *office, a, _ *hand) {
		actors.Trust(r.tree)
		for n := range 20 {
			var turn connectors.Turn
			a.lend(&turn, fmt.Sprintf("R %d office.nap x", n))
			turn.Do()
			if !actors.Brisk(o.Handlers) {
				if n > 12 {
					t.Errorf("found out at the nap number %d", n+1)
				}
				break
			}
		}
		a.written()
		for n := range 5 { // naps, here and there
			var turn connectors.Turn
			a.lend(&turn, fmt.Sprintf("R %d office.nap x", n))
			begin := time.Now()
			if turn.Do(); time.Since(begin) != 0 {
				t.Error("the goroutine that brings was kept by a slow route")
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got := len(a.written()); got != 5 {
			t.Errorf("%d of 5 answered", got)
		}
	})
}

func TestAnswersToWhatAClientAsksAtOnceShareAWrite(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(turn *connectors.Turn, a, b *hand)
		a, b string
	}{
		"all of it": {
			do: func(turn *connectors.Turn, a, _ *hand) {
				a.lend(turn, "R 1 office.echo x", "R 2 office.echo x", "R 3 office.echo x")
			}, a: "1=x 2=x 3=x",
		},
		"of several clients": {
			do: func(turn *connectors.Turn, a, b *hand) {
				a.lend(turn, "R 1 office.echo x", "R 2 office.echo x")
				b.lend(turn, "R 1 office.echo x", "R 2 office.echo x")
			}, a: "1=x 2=x", b: "1=x 2=x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			atOffice(t, nil, func(r *rig, _ *office, a, b *hand) {
				actors.Trust(r.tree)
				var turn connectors.Turn
				c.do(&turn, a, b)
				turn.Do()
				if got := strings.Join(a.written(), ", "); got != c.a {
					t.Errorf("one client got %q, want %q", got, c.a)
				}
				if got := strings.Join(b.written(), ", "); got != c.b {
					t.Errorf("the other got %q, want %q", got, c.b)
				}
			})
		})
	}
}

func TestAnAnswerDoesNotWaitForAHandlerBehindIt(t *testing.T) {
	atOffice(t, nil, func(r *rig, o *office, a, _ *hand) {
		actors.Trust(r.tree)
		var turn connectors.Turn
		a.lend(&turn, "R 1 office.echo x", "R 2 office.wait x")
		go turn.Do()
		time.Sleep(5 * time.Millisecond)
		if got := a.written(); !slices.Equal(got, []string{"1=x"}) {
			t.Errorf("while the second is handled %q was written", got)
		}
		close(o.goOn)
		if got := a.written(); !slices.Equal(got, []string{"2=x"}) {
			t.Errorf("then %q", got)
		}
	})
}

// A handler may have spoken to the next client before its turn.
func TestAnAnswerDoesNotWaitForAnotherClientsHandler(t *testing.T) {
	atOffice(t, nil, func(r *rig, o *office, a, b *hand) {
		actors.Trust(r.tree)
		var turn connectors.Turn
		o.greets = b.end.session.Socket
		a.lend(&turn, "R 1 office.echo x", "R 2 office.greet x")
		b.lend(&turn, "R 1 office.wait x")
		go turn.Do()
		if got := a.written(); !slices.Equal(got, []string{"1=x"}) {
			t.Errorf("while another client's request is handled %q was written", got)
		}
		close(o.goOn)
		b.written()
	})
}

func TestWhoWaitsForRoomDoesNotKeepWhatWouldMakeIt(t *testing.T) {
	atOffice(t, func(tree *actors.Tree) { tree.InFlight = 2 }, func(r *rig, _ *office, a, _ *hand) {
		actors.Trust(r.tree)
		yields, begin := 0, time.Now()
		turn := connectors.Turn{Yield: func() { yields++ }}
		a.lend(&turn, "R 1 office.echo x", "R 2 office.echo x", "R 3 office.echo x")
		turn.Do()
		if got := strings.Join(a.written(), " "); got != "1=x 2=x 3=x" || time.Since(begin) != 0 {
			t.Errorf("%q after %v", got, time.Since(begin))
		}
		if yields != 1 {
			t.Errorf("%d times it was said that the goroutine waits, want once", yields)
		}
	})
}
