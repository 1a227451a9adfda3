package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

func TestALostGateHoldsNobodyUp(t *testing.T) {
	l := newLab(t, registry.Config{Logins: registry.KickOlder}, "g1", "g2", "g3")
	uid := l.userOf("g1")
	l.claim("g3", "s1", uid)
	second := l.claim("g2", "s2", uid)
	wants(t, "while the gate is there", second, "")
	l.install(2, "g1", "g2")
	wants(t, "when the gate is gone", second, "ok")
	if n := l.desks["g1"].Stats().Logins + l.desks["g2"].Stats().Logins; n != 1 {
		t.Errorf("registrars know %d logins, want s2's alone", n)
	}
}

func TestLoginsMoveWithTheirSlots(t *testing.T) {
	l := newLab(t, registry.Config{Logins: registry.RefuseNewer}, "g1", "g2", "b1")
	for i := range 100 {
		l.claim("g1", fmt.Sprint("s", i), fmt.Sprint("user-", i))
	}
	m := member("g3", registry.Gate)
	l.members[m.Address], l.desks["g3"] = m, registry.New(registry.Config{Logins: registry.RefuseNewer})
	l.install(2, "g1", "g2", "b1", "g3")
	all := 0
	for _, id := range []string{"g1", "g2", "g3"} {
		n := l.desks[id].Stats().Logins
		if all += n; n < 15 {
			t.Errorf("%s knows %d logins of 100, want about a third", id, n)
		}
	}
	if all != 100 {
		t.Errorf("all registrars know %d logins, want 100", all)
	}
	for i := range 100 {
		wants(t, "a newer login", l.claim("g3", fmt.Sprint("t", i), fmt.Sprint("user-", i)), "code 409: already logged in")
	}
}

// Nothing is granted, and nobody is missed, until all gates have told what they have.
func TestARegistrarWaitsForAllGates(t *testing.T) {
	l := newLab(t, registry.Config{Logins: registry.KickOlder}, "g1", "g2", "g3", "b1")
	uid := l.userOf("g1")
	l.claim("g3", "s1", uid)
	l.lost = func(from, to string, p *messages.Peer) bool { return from == "g3" }
	l.install(2, "g1", "g2", "g3", "b1")
	second, asked := l.claim("g2", "s2", uid), l.ask("b1", uid)
	l.do("b1", l.desks["b1"].Push(l.now, &messages.Push{}, []string{uid}))
	l.tick(time.Second)
	wants(t, "the claim, before the last gate has told", second, "")
	wants(t, "the question, before the last gate has told", asked, "")

	l.lost = nil
	l.do("g3", l.desks["g3"].Resync(l.now, "g1:1"))
	wants(t, "the question", asked, "s1")
	wants(t, "the claim, while s1 is there", second, "")
	if got := l.local["g3"]; len(got) != 1 || got[0].Push == nil || len(got[0].Sockets) != 1 {
		t.Errorf("g3 delivers %v, want the push", got)
	}
	l.release("g3", "s1")
	wants(t, "the claim", second, "ok")
}

// What was lost without anybody noticing is asked for.
func TestASilentGateIsAskedAgain(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2")
	l.lost = func(from, _ string, p *messages.Peer) bool { return from == "g2" }
	l.install(2, "g1", "g2")
	l.lost = nil
	l.tick(3*time.Second - 1)
	if l.desks["g1"].Stats().Settled {
		t.Error("g1 is settled before it has asked")
	}
	l.tick(1)
	if !l.desks["g1"].Stats().Settled {
		t.Error("g1 is not settled after it has asked")
	}
}

func TestBindingsComeInPieces(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2")
	for i := range 5000 {
		l.claim("g1", fmt.Sprint("s", i), fmt.Sprint("user-", i))
	}
	theirs := l.desks["g2"].Stats().Logins
	pieces, skip := 0, 2
	l.lost = func(_, _ string, p *messages.Peer) bool {
		if b := p.GetBindings(); b != nil && len(b.Logins) > 1 {
			if pieces++; len(b.Logins) > 1000 || b.Last != (len(b.Logins) < 1000) {
				t.Errorf("a piece has %d logins, last: %v", len(b.Logins), b.Last)
			}
			return pieces == skip
		}
		return false
	}
	l.install(2, "g1", "g2")
	if s := l.desks["g2"].Stats(); s.Settled || s.Logins > 0 {
		t.Errorf("with a piece missing: %+v, want not settled", s)
	}
	l.do("g1", l.desks["g1"].Resync(l.now, "g2:1"))
	if s := l.desks["g2"].Stats(); !s.Settled || s.Logins != theirs {
		t.Errorf("with all pieces: %+v, want %d logins", s, theirs)
	}
	if pieces < 2*(theirs/1000) {
		t.Errorf("%d logins came in %d pieces, twice", theirs, pieces)
	}
}

func TestResyncReplaces(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2")
	uid := l.userOf("g2")
	l.claim("g1", "s1", uid)
	l.claim("g1", "s2", uid)
	l.lost = func(string, string, *messages.Peer) bool { return true }
	l.release("g1", "s1")
	third := l.claim("g1", "s3", uid)
	l.lost = nil
	l.do("g2", l.desks["g2"].Resync(l.now, "g1:1"))
	wants(t, "the claim that was lost", third, "ok")
	wants(t, "the question", l.ask("g1", uid), "s2 s3")
}

// Two of one user can be bound only when somebody has said that the older one's socket is gone, and it was not.
func TestOfTwoTheNewerLoginStays(t *testing.T) {
	l := newLab(t, registry.Config{Logins: registry.KickOlder}, "g1", "g2", "g3")
	l.claim("g1", "s1", "u")
	second := l.claim("g2", "s2", "u")
	l.gone("u", "s1")
	wants(t, "the newer one", second, "ok")
	l.kicks = nil
	l.install(2, "g1", "g2", "g3")
	if len(l.kicks) != 1 || l.kicks[0].SessionId != "s1" {
		t.Fatalf("kicks = %v, want s1's again", l.kicks)
	}
	third := l.claim("g3", "s3", "u")
	l.gone("u", "s1")
	wants(t, "the third, while the second is there", third, "")
	l.gone("u", "s2")
	wants(t, "the third", third, "ok")
}

func TestWhoIsInANewerViewIsHeardThere(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2")
	g1, g2, g3 := l.desks["g1"], l.desks["g2"], registry.New(registry.Config{})
	m := member("g3", registry.Gate)
	l.members[m.Address], l.desks["g3"] = m, g3
	v := viewOf(2, l.members["g1:1"], l.members["g2:1"], m)
	l.do("g3", g3.Install(l.now, m, v))
	l.view = v
	uid := l.userOf("g1")
	claimed := l.claim("g3", "s1", uid)
	l.release("g3", "s2")
	if n := g1.Stats().Later; n != 2 {
		t.Errorf("%d letters wait for the newer view, want the bindings and the claim", n)
	}
	l.do("g1", g1.Install(l.now, l.members["g1:1"], v))
	wants(t, "while g2 has not told", claimed, "")
	l.do("g2", g2.Install(l.now, l.members["g2:1"], v))
	wants(t, "in the newer view", claimed, "ok")
	if n := g1.Stats().Later + g2.Stats().Later; n != 0 {
		t.Errorf("%d letters are left", n)
	}
}

func TestStrangersAreIgnored(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1")
	stranger := member("g9", registry.Gate)
	for _, p := range []*messages.Peer{
		{Body: &messages.Peer_Claim{Claim: &messages.Claim{Ask: 1, View: 1, Login: &messages.Login{Uid: "u", SessionId: "s"}}}},
		{Body: &messages.Peer_UserAsk{UserAsk: &messages.UserAsk{Ask: 1, Uid: "u"}}},
		{Body: &messages.Peer_UserPush{UserPush: &messages.UserPush{Push: &messages.Push{}, Sockets: []*actor.PID{session("g1", "s").Socket}}}},
	} {
		out := l.desks["g1"].Heard(l.now, stranger, p)
		if len(out.Send)+len(out.Deliver) > 0 || l.desks["g1"].Stats().Logins > 0 {
			t.Errorf("%v did something: %+v", p, out)
		}
	}
}

func BenchmarkInstall(b *testing.B) {
	const logins = 100_000
	for _, gates := range []int{1, 5} {
		b.Run(fmt.Sprintf("logins=%d/gates=%d", logins, gates), func(b *testing.B) {
			v := viewOf(1, member("g0", registry.Gate))
			self, d := v.Members[0], registry.New(registry.Config{})
			d.Install(0, self, v)
			for i := range logins {
				d.Claim(0, session("g0", fmt.Sprint("session-", i)), fmt.Sprint("user-", i), func(error) {})
			}
			for i := range gates - 1 {
				v.Members = append(v.Members, member(fmt.Sprint("g", i+1), registry.Gate))
			}
			b.ReportAllocs()
			for number := uint64(2); b.Loop(); number++ {
				d.Install(0, self, viewOf(number, v.Members...))
			}
		})
	}
}
