package actors_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// atlas says where requests go.
type atlas struct {
	pid        *actor.PID
	idempotent bool
	err        error
}

func (a *atlas) find(r *messages.Request) (actors.Away, error) {
	if a.err != nil && a.err.Error() == "panic" {
		panic("as asked")
	}
	r.Identity = "room 7"
	return actors.Away{PID: a.pid, Idempotent: a.idempotent}, a.err
}

func (a *atlas) route(tree *actors.Tree, _ *place) {
	tree.Routes = []actors.Route{actors.Elsewhere("room", a.find)}
}

// near is the address of the rig's own node.
func (r *rig) near() *rig { r.system.ProcessRegistry.Address = "near:1"; return r }

func TestRequestsAreAnsweredElsewhere(t *testing.T) {
	var a atlas
	bubble(t, a.route, func(r *rig) {
		d := newDesk(r.near().far("far:1"))
		a = atlas{pid: d.pid}
		e := r.dial()
		e.send("R 7 room.look x")
		synctest.Wait()
		q := d.next(t)
		if q.Identity != "room 7" || q.Route != "room.look" || q.Session.Id != e.session.Id {
			t.Errorf("request = %v", q.Request)
		}
		q.answer("wall")
		if got := e.batch(); !slices.Equal(got, []string{"7=wall"}) {
			t.Errorf("batch = %q", got)
		}
		e.send("N room.look x")
		synctest.Wait()
		if q = d.next(t); !q.Notify || q.Seq != 0 {
			t.Errorf("notify = %v, want one without a slot", q.Request)
		}
	})
}

func TestWhatIsFoundNoActorIsAnsweredAtOnce(t *testing.T) {
	var a atlas
	bubble(t, a.route, func(r *rig) {
		e := r.dial()
		for _, step := range []struct {
			err  error
			want string
		}{
			{messages.NewError(messages.CodeUnavailable, "no node"), "!502"},
			{errors.New("secret"), "!500"},
			{errors.New("panic"), "!500"},
			{nil, "!500"}, // nor a PID
		} {
			a = atlas{err: step.err}
			e.send("N room.look x")
			if got := e.asks("room.look x"); got != step.want {
				t.Errorf("%v is answered %q, want %q", step.err, got, step.want)
			}
		}
	})
}

func TestALostNodeIsAnsweredFor(t *testing.T) {
	var a atlas
	bubble(t, a.route, func(r *rig) {
		r.near()
		d, other := newDesk(r.far("far:1")), newDesk(r.far("far:2"))
		e := r.dial()
		a = atlas{pid: d.pid}
		e.send("R 1 room.look x")
		synctest.Wait()
		a = atlas{pid: other.pid}
		e.send("R 2 room.look x")
		synctest.Wait()
		r.tree.Lost("far:1")
		if got := e.batch(); !slices.Equal(got, []string{"1!502"}) {
			t.Errorf("batch = %q, want 1!502", got)
		}
		d.next(t).answer("late")
		other.next(t).answer("wall")
		if got := e.batch(); !slices.Equal(got, []string{"2=wall"}) {
			t.Errorf("batch = %q, want 2=wall", got)
		}
		if got := r.tree.Stats().Faults[messages.FaultStale]; got != 1 {
			t.Errorf("%d stale answers, want 1", got)
		}
	})
}

func TestIdempotentRequestsAreSentOnceMore(t *testing.T) {
	var a atlas
	bubble(t, a.route, func(r *rig) {
		r.near()
		d, second, third := newDesk(r.far("far:1")), newDesk(r.far("far:2")), newDesk(r.far("far:3"))
		e := r.dial()
		a = atlas{pid: d.pid, idempotent: true}
		e.send("R 1 room.look x")
		synctest.Wait()
		first := d.next(t)
		a.pid = second.pid
		r.tree.Lost("far:1")
		synctest.Wait()
		again := second.next(t)
		if again.Seq != first.Seq || string(again.Body) != "x" || again.Identity != "room 7" {
			t.Errorf("sent again: %v, at first %v", again.Request, first.Request)
		}
		a.pid = third.pid
		r.tree.Lost("far:2")
		if got := e.batch(); !slices.Equal(got, []string{"1!502"}) || len(third.got) > 0 {
			t.Errorf("with the second node lost: %q", got)
		}
		a.pid = d.pid
		e.send("R 2 room.look x")
		synctest.Wait()
		r.tree.Lost("far:1") // and find knows no better
		if got := e.batch(); !slices.Equal(got, []string{"2!502"}) {
			t.Errorf("batch = %q, want 2!502", got)
		}
	})
}

func TestOfTwoAnswersToWhatIsSentAgainOneCounts(t *testing.T) {
	var a atlas
	bubble(t, a.route, func(r *rig) {
		r.near()
		d, second := newDesk(r.far("far:1")), newDesk(r.far("far:2"))
		e := r.dial()
		a = atlas{pid: d.pid, idempotent: true}
		e.send("R 1 room.look x")
		synctest.Wait()
		a.pid = second.pid
		r.tree.Lost("far:1")
		synctest.Wait()
		d.next(t).answer("one")
		second.next(t).answer("two")
		if got := e.batch(); !slices.Equal(got, []string{"1=one"}) {
			t.Errorf("batch = %q, want 1=one", got)
		}
		synctest.Wait()
		if len(e.out) > 0 {
			t.Errorf("then came %q", <-e.out)
		}
	})
}

func TestARequestForANodeThatNobodyKnowsIsAnswered(t *testing.T) {
	var a atlas
	var c ensemble
	bubble(t, joined(&c, a.route), func(r *rig) {
		r.near()
		a = atlas{pid: actor.NewPID("nowhere:1", "x")}
		if got := r.dial().asks("room.look x"); got != "!502" {
			t.Errorf("answered %q", got)
		}
	})
}

func TestARequestTheTransportRefusesIsAnswered(t *testing.T) {
	var a atlas
	bubble(t, a.route, func(r *rig) {
		d := newDesk(r.near().far("far:1"))
		a = atlas{pid: d.pid}
		e := r.dial()
		e.send("R 1 room.look x")
		synctest.Wait()
		q := d.next(t)
		r.tree.LostRequest(q.Request, q.from, messages.NewError(messages.CodeBusy, "busy"))
		if got := e.batch(); !slices.Equal(got, []string{"1!503"}) {
			t.Errorf("batch = %q, want 1!503", got)
		}
	})
}
