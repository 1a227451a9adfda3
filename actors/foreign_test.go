package actors_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// arena is an actor of the user's: it waits, panics, or echoes.
func arena(wait chan struct{}) actor.ReceiveFunc {
	return func(c actor.Context) {
		req, ok := c.Message().(*messages.Request)
		if !ok {
			return
		}
		switch string(req.Body) {
		case "wait":
			<-wait
		case "panic":
			panic("in the arena")
		}
		c.Respond(req.Reply(req.Body))
	}
}

// arenaOf leads the route "arena" to an actor that is spawned later.
func arenaOf(tree *actors.Tree, p *place) {
	tree.Routes = []actors.Route{actors.RouteFunc("arena", func(*messages.Session, string) *actor.PID { return p.far })}
}

func TestAUsersActorWithABoundedMailboxAnswersBusy(t *testing.T) {
	bubble(t, arenaOf, func(r *rig) {
		wait := make(chan struct{})
		r.place.far = r.system.Root.Spawn(actor.PropsFromFunc(arena(wait), actor.WithMailbox(actors.Mailbox(2))))
		e := r.dial()
		e.send("R 1 arena.x wait")
		synctest.Wait()
		for i := 2; i <= 4; i++ {
			e.send(fmt.Sprintf("R %d arena.x x", i))
		}
		if got := e.batch(); !slices.Equal(got, []string{"4!503"}) {
			t.Errorf("batch = %q, want 4!503", got)
		}
		r.system.Root.Stop(r.place.far) // the two that wait are answered too
		wait <- struct{}{}
		var got []string
		for len(got) < 3 {
			got = append(got, e.batch()...)
		}
		if want := []string{"1=wait", "2!503", "3!503"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAUsersActorThatPanicsMayAnswer(t *testing.T) {
	props := actor.PropsFromFunc(arena(nil), actor.WithGuardian(actors.Answering(actor.DefaultSupervisorStrategy())))
	bubble(t, arenaOf, func(r *rig) {
		r.place.far = r.system.Root.Spawn(props)
		e := r.dial()
		e.send("R 1 arena.x panic")
		if got := e.batch(); !slices.Equal(got, []string{"1!500"}) {
			t.Errorf("batch = %q, want 1!500", got)
		}
		e.send("R 2 arena.x x")
		if got := e.batch(); !slices.Equal(got, []string{"2=x"}) {
			t.Errorf("batch = %q, want 2=x", got)
		}
	})
}

func TestBodiesNestedTooDeepAreCode400(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.JSONDepth = 3 }, func(r *rig) {
		e := r.dial()
		for ask, want := range map[string]string{`{"Text":"[[[["}`: "1=", `{"x":[[1]]}`: "1=", `{"x":[[[1]]]}`: "1!400"} {
			e.send("R 1 game.none " + ask)
			if got := e.batch(); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %q, want %s", ask, got, want)
			}
		}
	})
}
