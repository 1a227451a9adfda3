package actors_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

func TestWhatAHandlerSendsArrivesInOrder(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		h := actors.NewRoute("mix")
		actors.HandleRaw(h, "all", func(c *actors.Context, _ []byte) ([]byte, error) {
			g := c.Group("room")
			g.Join(c.Socket())
			for i := range 3 {
				_ = c.Push("own", i)
				_ = g.Push("room", i)
			}
			return []byte("end"), nil
		})
		actors.HandleRaw(h, "kick", func(c *actors.Context, _ []byte) ([]byte, error) {
			_ = c.Group("room").Push("room", "bye")
			reply := c.Defer()
			_ = reply.Send("ok")
			c.Send(c.Socket(), &messages.Kick{Reason: "now"})
			return nil, nil
		})
		tree.Routes = []actors.Route{h}
	}, func(r *rig) {
		e := r.dial()
		for i := range 200 {
			e.send(fmt.Sprintf("R %d mix.all", i))
			want := []string{"own:0", "room:0", "own:1", "room:1", "own:2", "room:2", fmt.Sprintf("%d=end", i)}
			var got []string
			for len(got) < len(want) {
				got = append(got, e.batch()...)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("round %d: got %q, want %q", i, got, want)
			}
		}
		e.send("R 1 mix.kick")
		e.hungUp()
		close(e.out)
		var got []string
		for b := range e.out {
			got = append(got, b...)
		}
		if want := []string{`room:"bye"`, `1="ok"`, "kick:now"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAGroupPushIsEncodedOnceAndReachesTheMembersOnly(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		var ends []*end
		for range 50 {
			e := r.dial()
			e.send(`R 1 game.join {"Text":"room"}`)
			e.batch()
			ends = append(ends, e)
		}
		outside := r.dial()
		ends[7].send("EOF")
		ends[7].hungUp()
		ends[8].send(`R 1 game.leave {"Text":"room"}`, `R 2 game.leave {"Text":"room"}`)
		synctest.Wait()
		before := r.place.pushed.Load()
		_ = r.tree.Group("room").Push("on", "x")
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		if n := r.place.pushed.Load() - before; n != 1 {
			t.Errorf("encoded %d times, want once", n)
		}
		for i, e := range ends {
			var got []string
			for len(e.out) > 0 {
				got = append(got, e.batch()...)
			}
			switch i {
			case 7:
			case 8:
				if want := []string{"1=", "2="}; !slices.Equal(got, want) {
					t.Errorf("who left got %q, want %q", got, want)
				}
			default:
				if want := []string{`on:"x"`}; !slices.Equal(got, want) {
					t.Errorf("member %d got %q, want %q", i, got, want)
				}
			}
		}
		if len(outside.out) != 0 {
			t.Errorf("who never joined got %q", outside.batch())
		}
		_ = r.tree.All().Push("on", "all")
		if got := outside.batch(); !slices.Equal(got, []string{`on:"all"`}) {
			t.Errorf("push to all reached the outsider as %q", got)
		}
	})
}

func TestAReplyIsGivenOnceFromAnyGoroutine(t *testing.T) {
	replies := make(chan *actors.Reply, 10)
	bubble(t, func(tree *actors.Tree, _ *place) {
		h := actors.NewRoute("later")
		actors.Handle(h, "x", func(c *actors.Context, _ *in) (*out, error) {
			replies <- c.Defer()
			return &out{1}, nil
		})
		tree.Routes = []actors.Route{h}
	}, func(r *rig) {
		e := r.dial()
		e.send("R 1 later.x", "R 2 later.x")
		first, second := <-replies, <-replies
		var given int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				if err := second.Send(json.RawMessage(fmt.Sprint(i))); err == nil {
					mu.Lock()
					given++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if given != 1 {
			t.Errorf("%d of ten replies were accepted, want one", given)
		}
		if got := e.batch(); len(got) != 1 || got[0][:2] != "2=" {
			t.Errorf("got %q, want one answer to request 2", got)
		}
		if err := first.Send(func() {}); err == nil {
			t.Error("a function was encoded")
		}
		if err := first.Fail(messages.NewError(409, "")); err != nil {
			t.Errorf("Fail: %v", err)
		}
		if got := e.batch(); !slices.Equal(got, []string{"1!409"}) {
			t.Errorf("got %q, want 1!409", got)
		}
	})
}

func TestAHandlerThatBlocksDoesNotHoldUpOtherRoutes(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		for i := range 40 {
			h := actors.NewRoute(fmt.Sprintf("block%d", i))
			actors.Handle(h, "x", func(*actors.Context, *in) (*out, error) { time.Sleep(5 * time.Second); return nil, nil })
			tree.Routes = append(tree.Routes, h)
		}
		tree.Routes = append(tree.Routes, game())
		tree.InFlight = 100
	}, func(r *rig) {
		e := r.dial()
		begin := time.Now()
		for i := range 40 {
			e.send(fmt.Sprintf("R %d block%d.x", i, i))
		}
		e.send("R 99 game.echo quick")
		if got := e.batch(); !slices.Equal(got, []string{"99=quick"}) || time.Since(begin) > 10*time.Millisecond {
			t.Errorf("got %q after %v, want 99=quick within 10ms", got, time.Since(begin))
		}
		n := 0
		for n < 40 {
			n += len(e.batch())
		}
		if d := time.Since(begin); d > 5*time.Second+20*time.Millisecond {
			t.Errorf("40 blocked routes took %v, want 5s: they block side by side", d)
		}
	})
}

func TestARouteWithTooMuchToDoAnswersBusy(t *testing.T) {
	bubble(t, func(tree *actors.Tree, _ *place) {
		h := actors.NewRoute("busy")
		actors.Handle(h, "x", func(*actors.Context, *in) (*out, error) { time.Sleep(time.Second); return nil, nil })
		tree.Routes = []actors.Route{h}
		tree.RouteQueue = 3
	}, func(r *rig) {
		e := r.dial()
		for i := range 6 {
			e.send(fmt.Sprintf("R %d busy.x", i))
			synctest.Wait()
		}
		var got []string
		for len(got) < 6 {
			got = append(got, e.batch()...)
		}
		want := []string{"4!503", "5!503", "0=", "1=", "2=", "3="}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
