package actors_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// heirs is a route that keeps what it is told.
func heirs(got *[]*messages.Request) func(*actors.Tree, *place) {
	return func(t *actors.Tree, _ *place) {
		h := actors.NewRoute("heirs")
		actors.HandleRaw(h, "told", func(c *actors.Context, _ []byte) ([]byte, error) {
			*got = append(*got, c.Request())
			return nil, nil
		})
		t.Routes = append(t.Routes, h)
	}
}

func TestALastWillIsANotifyOfTheDeadSession(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(r *rig, e *end)
		want string
	}{
		"the client hangs up": {func(_ *rig, e *end) { e.send("EOF") }, "mine client"},
		"malformed":           {func(_ *rig, e *end) { e.send("bad") }, "mine malformed"},
		"kicked":              {func(r *rig, e *end) { r.system.Root.Send(e.session.Socket, &messages.Kick{}) }, "mine kicked"},
		"the server stops":    {func(r *rig, _ *end) { r.tree.Stop() }, "mine stopping"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []*messages.Request
			bubble(t, heirs(&got), func(r *rig) {
				got = nil
				e := r.dial()
				e.send("W heirs.told mine")
				synctest.Wait()
				tt.end(r, e)
				e.hungUp()
				synctest.Wait()
				if len(got) != 1 || string(got[0].Body) != tt.want || !got[0].Notify || got[0].Session.Id != e.session.Id {
					t.Errorf("told %v, want %q once, of session %s", got, tt.want, e.session.Id)
				}
			})
		})
	}
}

func TestALastWillThatPanicsOrHasNoRouteHurtsNobody(t *testing.T) {
	var got []*messages.Request
	for _, will := range []string{"panic", "nobody.there x", ""} {
		bubble(t, heirs(&got), func(r *rig) {
			got = nil
			e := r.dial()
			e.send("W "+will, "EOF")
			e.hungUp()
			if ev := next[*messages.Closed](t, r.events); ev.Cause != messages.CauseClient {
				t.Errorf("closed by %v", ev.Cause)
			}
			r.dial().send("N heirs.told x")
			synctest.Wait()
			if len(got) != 1 {
				t.Errorf("the route was told %v", got)
			}
		})
	}
}

// A client without a session has nothing to leave.
func TestNoLastWillBeforeTheHandshake(t *testing.T) {
	var got []*messages.Request
	shy := func(t *actors.Tree, p *place) { heirs(&got)(t, p); p.shy = true }
	bubble(t, shy, func(r *rig) {
		e := r.dial()
		e.send("W heirs.told mine", "EOF")
		e.hungUp()
		synctest.Wait()
		if len(got) != 0 {
			t.Errorf("told %v", got)
		}
	})
}

// What follows requests is not sent while they wait for room, nor at all when the client goes first.
func TestWhatFollowsRequestsWaitsForThem(t *testing.T) {
	tune := func(t *actors.Tree, _ *place) { t.Routes, t.InFlight = []actors.Route{game()}, 1 }
	bubble(t, tune, func(r *rig) {
		e := r.dial()
		e.send("A game.never 1")
		if got := e.batch(); len(got) != 1 || got[0] != "taken" {
			t.Errorf("got %q", got)
		}
		e.send("R 1 game.never", "A game.never 2")
		synctest.Wait()
		if len(e.out) > 0 {
			t.Errorf("%q before the request behind it has a slot", e.batch())
		}
		r.system.Root.Send(e.session.Socket, &messages.Close{})
		synctest.Wait()
		if len(e.out) > 0 {
			t.Errorf("%q though the client has gone", e.batch())
		}
	})
}

// Before a client is let go of it learns what has been taken of what it sent.
func TestWhatFollowsRequestsIsToldBeforeTheEnd(t *testing.T) {
	tune := func(t *actors.Tree, _ *place) { t.Routes = []actors.Route{game()} }
	bubble(t, tune, func(r *rig) {
		for range 100 {
			e := r.dial()
			e.send("A game.never 1\nbad")
			if got := e.hungUp(); got.Cause != messages.CauseMalformed {
				r.t.Errorf("closed by %v", got.Cause)
			}
			if len(e.out) != 1 || e.batch()[0] != "taken" {
				r.t.Error("not told")
			}
			next[*messages.Closed](r.t, r.events)
		}
	})
}

// A client whose Feed does not return keeps its shard from nothing.
func TestALastWillDoesNotWaitForAFeed(t *testing.T) {
	var got []*messages.Request
	tune := func(t *actors.Tree, p *place) { heirs(&got)(t, p); p.gate = make(chan struct{}) }
	bubble(t, tune, func(r *rig) {
		got = nil
		e := r.dial()
		e.send("W heirs.told mine", "block")
		synctest.Wait()
		open := sync.OnceFunc(func() { close(r.place.gate) })
		defer open()
		r.system.Root.Send(e.session.Socket, &messages.Close{})
		next[*messages.Closed](t, r.events)
		for range 33 { // some of its shard's
			other := r.dial()
			other.send("EOF")
			next[*messages.Closed](t, r.events)
		}
		open()
		synctest.Wait()
		if len(got) != 1 || string(got[0].Body) != "mine closed" {
			t.Errorf("told %v, want the will once its Feed has returned", got)
		}
	})
}
