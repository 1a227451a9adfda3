package actors_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// binds sends a Bind from nowhere in particular.
func (r *rig) binds(e *end, uid string) *probe {
	p := newProbe(r.system)
	r.system.Root.RequestWithCustomSender(e.session.Socket, &messages.Bind{Uid: uid}, p.pid)
	return p
}

// bound is the code that a Bind was answered with, or zero.
func (r *rig) bound(p *probe) int32 {
	r.t.Helper()
	defer r.system.Root.Stop(p.pid)
	return next[*messages.Bound](r.t, p).Error.GetCode()
}

func TestTheClusterDecidesWhoMayBind(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, logins(actors.RefuseNewer)), func(r *rig) {
		a, b := r.dial(), r.dial()
		for _, e := range []*end{a, b} { // the tree's own policy does not count
			e.send("R 1 account.bind ann")
			q := c.asked(t)
			if q.uid != "ann" || q.session.Id != e.session.Id || q.session.Uid != "" {
				t.Errorf("Claim was asked for %q and %v", q.uid, q.session)
			}
			q.done(nil)
			if got := e.batch(); got[0] != "1=ann" {
				t.Errorf("granted: %q", got)
			}
		}
		if got := a.asks("account.bind ann"); got != "=ann" {
			t.Errorf("bound already: %q", got)
		}
		if got := a.asks("account.later ann"); got != `="ann"` {
			t.Errorf("bound already, for who answers later: %q", got)
		}
		if got := a.asks("account.unbind"); got != "=uid=" || c.notes() != "release ann" {
			t.Errorf("Unbind: %q", got)
		}
		a.send("R 1 account.bind ann")
		c.asked(t).done(messages.NewError(messages.CodeConflict, "already logged in"))
		if got := a.batch(); got[0] != "1!409" {
			t.Errorf("refused: %q", got)
		}
		a.send("EOF")
		b.send("EOF")
		if got := c.notes(); got != "release ann" {
			t.Errorf("when both had left the cluster heard %q, want one release", got)
		}
	})
}

func TestBindsOfAClientShareAClaim(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, nil), func(r *rig) {
		e := r.dial()
		one, two, other := r.binds(e, "ann"), r.binds(e, "ann"), r.binds(e, "bob")
		if got := r.bound(other); got != messages.CodeConflict {
			t.Errorf("another user meanwhile: code %d", got)
		}
		c.asked(t).done(nil)
		if a, b := r.bound(one), r.bound(two); a != 0 || b != 0 {
			t.Errorf("codes %d and %d", a, b)
		}
	})
}

func TestAClaimOfAClientThatHasLeftIsReleased(t *testing.T) {
	var c ensemble
	bubble(t, joined(&c, nil), func(r *rig) {
		e := r.dial()
		p := r.binds(e, "ann")
		q := c.asked(t)
		e.send("EOF")
		e.hungUp()
		synctest.Wait()
		if got := c.notes(); got != "" {
			t.Errorf("before the claim was granted: %q", got)
		}
		q.done(nil)
		if got := c.notes(); got != "release ann" {
			t.Errorf("the cluster heard %q", got)
		}
		if got := r.bound(p); got != messages.CodeGone {
			t.Errorf("code %d, want 410", got)
		}
		if got := r.tree.Users("ann"); got != nil {
			t.Errorf("ann is bound to %v", got)
		}
	})
}

// hasty is a cluster that grants at once, and has an Unbind and a Bind come in the middle of a Release.
type hasty struct {
	ensemble
	meanwhile func()
}

func (h *hasty) Claim(s *messages.Session, uid string, done func(error)) {
	h.note("claim", uid)
	done(nil)
}

func (h *hasty) Release(s *messages.Session) {
	if f := h.meanwhile; f != nil {
		h.meanwhile = nil
		f()
	}
	h.ensemble.Release(s)
}

func TestAClaimComesAfterTheReleaseBefore(t *testing.T) {
	var c *hasty
	bubble(t, func(tree *actors.Tree, _ *place) { c = &hasty{}; tree.Cluster = c }, func(r *rig) {
		e := r.dial()
		r.bound(r.binds(e, "ann"))
		var second *probe
		c.meanwhile = func() { second = r.binds(e, "bob") }
		r.system.Root.Send(e.session.Socket, &messages.Unbind{})
		synctest.Wait()
		if got := r.bound(second); got != 0 {
			t.Errorf("bound with code %d", got)
		}
		if got, want := c.notes(), "claim ann, release ann, claim bob"; got != want {
			t.Errorf("the cluster heard %q, want %q", got, want)
		}
	})
}

func TestNobodyIsBoundOnANodeThatIsCutOff(t *testing.T) {
	var c ensemble
	uid := "nobody asked"
	routes := func(tree *actors.Tree, _ *place) {
		who := actors.NewRoute("who")
		actors.HandleRaw(who, "am", func(c *actors.Context, _ []byte) ([]byte, error) { return []byte("uid=" + c.Session().Uid), nil })
		tree.Routes = []actors.Route{account(), who, actors.Elsewhere("room", func(r *messages.Request) (actors.Away, error) {
			uid = r.Session.Uid
			return actors.Away{}, messages.NewError(messages.CodeUnavailable, "no node")
		})}
	}
	bubble(t, joined(&c, routes), func(r *rig) {
		e := r.dial()
		e.send("R 1 account.bind ann")
		c.asked(t).done(nil)
		if got := e.batch(); got[0] != "1=ann" {
			t.Errorf("granted: %q", got)
		}
		for _, want := range []string{"", "ann"} { // its clients have not been unbound yet
			c.cutOff.Store(want == "")
			if got := e.asks("room.look"); got != "!502" || uid != want {
				t.Errorf("a request has been sent on for %q (%q), want %q", uid, got, want)
			}
			if got := e.asks("who.am"); got != "=uid="+want {
				t.Errorf("Context.Session says %q, want %q", got, want)
			}
			bound, err := r.tree.MembersOf(context.Background(), &messages.Audience{All: true, Bound: true})
			if err != nil || len(bound) != len(want)/len("ann") {
				t.Errorf("bound members: %v, %v, want those of %q", bound, err, want)
			}
		}
		c.cutOff.Store(true)
		if got := e.asks("account.bind ann"); got != "!502" {
			t.Errorf("bound already, and cut off: %q, want code 502", got)
		}
	})
}

func TestAClaimThatIsUnboundBeforeItIsGrantedBindsNobody(t *testing.T) {
	for name, unbind := range map[string]func(*rig, *end){
		"by the cluster, which is cut off": func(r *rig, e *end) { r.tree.UnbindSession(e.session.Id, nil) },
		"by the application":               func(r *rig, e *end) { r.system.Root.Send(e.session.Socket, &messages.Unbind{}) },
	} {
		t.Run(name, func(t *testing.T) {
			var c ensemble
			bubble(t, joined(&c, nil), func(r *rig) {
				e := r.dial()
				first := r.binds(e, "ann")
				q := c.asked(t)
				unbind(r, e)
				second := r.binds(e, "bob")
				synctest.Wait()
				q.done(nil)
				if got := r.bound(first); got != messages.CodeUnavailable {
					t.Errorf("code %d, want 502", got)
				}
				if got := r.tree.Users("ann"); got != nil {
					t.Errorf("ann is bound to %v", got)
				}
				if got := c.notes(); got != "release ann" {
					t.Errorf("the cluster heard %q", got)
				}
				c.asked(t).done(nil)
				if got := r.bound(second); got != 0 {
					t.Errorf("the claim behind it: code %d", got)
				}
			})
		})
	}
}
