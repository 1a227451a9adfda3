package registry_test

import (
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

const (
	cutOff = "code 502: unavailable"
	busy   = "code 503: busy"
)

func TestPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		logins registry.Logins
		want   string
	}{
		"all are allowed": {registry.Allow, "ok"}, "newer ones are refused": {registry.RefuseNewer, "code 409: already logged in"},
	} {
		l := newLab(t, registry.Config{Logins: c.logins}, "g1", "g2")
		wants(t, name+": the first", l.claim("g1", "s1", "u"), "ok")
		wants(t, name+": the second", l.claim("g2", "s2", "u"), c.want)
		if len(l.kicks) > 0 {
			t.Errorf("%s: kicks = %v, want none", name, l.kicks)
		}
		l.release("g1", "s1")
		wants(t, name+": when the first is gone", l.claim("g2", "s3", "u"), "ok")
	}
}

func TestASocketIsBoundOnce(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2")
	l.lost = func(string, string, *messages.Peer) bool { return true }
	uid, other := l.userOf("g2"), l.userOf("g1")
	first, same, conflict := l.claim("g1", "s1", uid), l.claim("g1", "s1", uid), l.claim("g1", "s1", other)
	wants(t, "first, unanswered", first, "")
	wants(t, "the same again", same, "")
	wants(t, "another user meanwhile", conflict, "code 409: bound to another user")
	l.lost = nil
	l.do("g1", l.desks["g1"].Resync(l.now, "g2:1"))
	wants(t, "first", first, "ok")
	wants(t, "the same again", same, "ok")
	wants(t, "the same once it is bound", l.claim("g1", "s1", uid), "ok")
	wants(t, "another user once it is bound", l.claim("g1", "s1", other), "code 409: bound to another user")
	wants(t, "a zero byte", l.claim("g1", "s2", "\x00u"), "code 400: uid begins with a zero byte")
	wants(t, "nobody", l.claim("g1", "s2", ""), "code 400: uid is empty")
}

func TestClaimsAreBounded(t *testing.T) {
	l := newLab(t, registry.Config{Most: 1}, "g1", "g2")
	l.lost = func(string, string, *messages.Peer) bool { return true }
	uid := l.userOf("g2")
	first := l.claim("g1", "s1", uid)
	wants(t, "one too many", l.claim("g1", "s2", uid), busy)
	l.tick(3*time.Second - 1)
	wants(t, "before three seconds", first, "")
	l.tick(1)
	wants(t, "after three seconds", first, cutOff)
}

func TestARegistrarsQueueIsBounded(t *testing.T) {
	l := newLab(t, registry.Config{Logins: registry.KickOlder, Most: 1}, "g1", "g2", "g3")
	uid := l.userOf("g1")
	l.claim("g1", "s1", uid)
	second := l.claim("g2", "s2", uid)
	wants(t, "one too many", l.claim("g3", "s3", uid), busy)
	l.gone(uid, "s1")
	wants(t, "the one that waited", second, "ok")
}

func TestWhoIsCutOffBindsNobody(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2", "b1")
	wants(t, "a node without clients", l.claim("b1", "s0", "u"), cutOff)
	here, there := l.userOf("g1"), l.userOf("g2")
	l.claim("g1", "s1", here)
	l.claim("g1", "s2", there)
	l.lost = func(string, string, *messages.Peer) bool { return true }
	flying := l.claim("g1", "s3", there)
	l.do("g1", l.desks["g1"].Fenced(l.now))
	if len(l.unbound) != 2 {
		t.Errorf("unbound = %v, want s1 and s2", l.unbound)
	}
	wants(t, "a claim in flight", flying, cutOff)
	wants(t, "a claim while fenced", l.claim("g1", "s4", here), cutOff)

	l.lost = nil
	l.do("g1", l.desks["g1"].Install(l.now, l.members["g1:1"], l.view))
	for _, id := range []string{"g1", "g2"} {
		if s := l.desks[id].Stats(); s.Logins > 0 || !s.Settled {
			t.Errorf("%s, in the same view again: %+v, want no logins, and settled", id, s)
		}
	}
	wants(t, "a claim in the same view again", l.claim("g1", "s5", here), "ok")
}

func TestAViewWithoutTheNode(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2")
	l.claim("g1", "s1", "u")
	l.do("g1", l.desks["g1"].Install(l.now, l.members["g1:1"], &messages.View{Number: 2, Members: l.view.Members[1:]}))
	if len(l.unbound) != 1 {
		t.Errorf("unbound = %v, want s1", l.unbound)
	}
	wants(t, "a claim outside of the view", l.claim("g1", "s2", "u"), cutOff)
}

// A socket that closes while its claim is under way must not stay bound at the registrar.
func TestAClosedSocketLeavesNoGhost(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2")
	uid := l.userOf("g2")
	var late *messages.Peer
	l.lost = func(_, _ string, p *messages.Peer) bool {
		if p.GetClaimed() != nil {
			late = p
		}
		return late == p
	}
	flying := l.claim("g1", "s1", uid)
	l.release("g1", "s1")
	wants(t, "the claim", flying, "code 410: the client is leaving")
	if n := l.desks["g2"].Stats().Logins; n != 1 {
		t.Fatalf("the registrar knows %d logins, want one until its answer arrives", n)
	}
	l.do("g1", l.desks["g1"].Heard(l.now, l.members["g2:1"], late))
	if n := l.desks["g2"].Stats().Logins; n != 0 {
		t.Errorf("the registrar knows %d logins, want none", n)
	}
}

func TestAnAnswerOfAnotherViewBindsNobody(t *testing.T) {
	l := newLab(t, registry.Config{Logins: registry.RefuseNewer}, "g1", "g2")
	uid := l.userOf("g2")
	var old *messages.Peer
	l.lost = func(_, _ string, p *messages.Peer) bool {
		if p.GetClaimed() != nil && old == nil {
			old = p
		}
		return old == p
	}
	flying := l.claim("g1", "s1", uid)
	l.install(2, "g1", "g2")
	wants(t, "the claim, made again in the new view", flying, "ok")
	l.do("g1", l.desks["g1"].Heard(l.now, l.members["g2:1"], old))
	if n := l.desks["g2"].Stats().Logins; n != 1 {
		t.Errorf("the registrar knows %d logins, want one", n)
	}
}

func TestMovedIsAskedAgain(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2")
	uid := l.userOf("g2")
	moved := 0
	l.lost = func(from, to string, p *messages.Peer) bool {
		switch {
		case moved > 1:
			return false
		case p.GetClaim() != nil:
			moved++
			l.do(from, l.desks[from].Heard(l.now, l.members[to+":1"], &messages.Peer{Body: &messages.Peer_Claimed{
				Claimed: &messages.Claimed{Ask: p.GetClaim().GetAsk(), View: 1, Moved: true},
			}}))
		case p.GetUserAsk() != nil:
			moved++
			l.do(from, l.desks[from].Heard(l.now, l.members[to+":1"], &messages.Peer{Body: &messages.Peer_UserAnswer{
				UserAnswer: &messages.UserAnswer{Ask: p.GetUserAsk().GetAsk(), Moved: true},
			}}))
		}
		return true
	}
	claimed, asked := l.claim("g1", "s1", uid), l.ask("g1", uid)
	wants(t, "the claim", claimed, "")
	wants(t, "the question", asked, "")
	l.tick(time.Millisecond)
	wants(t, "the claim, asked again", claimed, "ok")
	wants(t, "the question, asked again", asked, "s1")
}
