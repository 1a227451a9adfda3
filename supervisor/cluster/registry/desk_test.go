package registry_test

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

// A lab is some desks whose letters arrive at once, but where a test holds them back.
type lab struct {
	t       *testing.T
	now     time.Duration
	view    *messages.View
	members map[string]*messages.Member // by address
	desks   map[string]*registry.Desk   // by id
	lost    func(from, to string, p *messages.Peer) bool
	kicks   []*messages.Login
	unbound []string
	local   map[string][]registry.Local // by id
}

func newLab(t *testing.T, c registry.Config, ids ...string) *lab {
	l := &lab{
		t: t, members: map[string]*messages.Member{}, desks: map[string]*registry.Desk{},
		local: map[string][]registry.Local{},
	}
	for _, id := range ids {
		role := registry.Gate
		if id[0] == 'b' {
			role = "backend"
		}
		m := member(id, role)
		l.members[m.Address], l.desks[id] = m, registry.New(c)
	}
	l.install(1, ids...)
	return l
}

// install makes a view known to its members, one after the other.
func (l *lab) install(number uint64, ids ...string) {
	l.view = &messages.View{Number: number}
	for _, id := range ids {
		l.view.Members = append(l.view.Members, l.members[id+":1"])
	}
	for _, id := range ids {
		l.do(id, l.desks[id].Install(l.now, l.members[id+":1"], l.view))
	}
}

func (l *lab) do(id string, out registry.Out) {
	l.t.Helper()
	for _, letter := range out.Send {
		to := l.members[letter.To].GetId()
		if to == id {
			l.t.Fatalf("%s writes to itself", id)
		}
		if l.lost == nil || !l.lost(id, to, letter.Peer) {
			l.do(to, l.desks[to].Heard(l.now, l.members[id+":1"], letter.Peer))
		}
	}
	l.kicks = append(l.kicks, out.Kick...)
	for _, login := range out.Unbind {
		l.unbound = append(l.unbound, login.SessionId)
	}
	l.local[id] = append(l.local[id], out.Deliver...)
	for _, done := range out.Done {
		done()
	}
}

func (l *lab) tick(after time.Duration) {
	l.now += after
	for _, m := range l.view.Members {
		l.do(m.Id, l.desks[m.Id].Tick(l.now))
	}
}

func session(node, id string) *messages.Session {
	return &messages.Session{Id: id, Socket: actor.NewPID(node+":1", "socket/"+id)}
}

// claim returns where the answer will be: nothing yet, "ok", or an error's text.
func (l *lab) claim(node, id, uid string) *string {
	l.t.Helper()
	answer := new(string)
	l.do(node, l.desks[node].Claim(l.now, session(node, id), uid, func(err error) {
		if *answer != "" {
			l.t.Errorf("session %s: a second answer %v", id, err)
		}
		*answer = "ok"
		if err != nil {
			*answer = err.Error()
		}
	}))
	return answer
}

func (l *lab) release(node, id string) { l.do(node, l.desks[node].Release(l.now, session(node, id))) }

// registrar is who decides about uid, and gone calls what its Kick waits for.
func (l *lab) registrar(uid string) string {
	return registry.NewTable(l.view, func(m *messages.Member) bool { return m.Roles[0] == registry.Gate }).Owner(uid).GetId()
}

func (l *lab) gone(uid, id string) {
	r := l.registrar(uid)
	l.do(r, l.desks[r].Kicked(l.now, id))
}

// userOf finds a user whose registrar is a node.
func (l *lab) userOf(node string) string {
	for c := 'a'; ; c++ {
		if uid := "user-" + string(c); l.registrar(uid) == node {
			return uid
		}
	}
}

func wants(t *testing.T, what string, got *string, want string) {
	t.Helper()
	if *got != want {
		t.Errorf("%s: answer %q, want %q", what, *got, want)
	}
}

func TestOlderGoesBeforeNewerLearns(t *testing.T) {
	for _, registrar := range []string{"g1", "g2", "g3"} {
		l := newLab(t, registry.Config{Logins: registry.KickOlder}, "g1", "g2", "g3", "b1")
		uid := l.userOf(registrar)
		wants(t, "first", l.claim("g1", "s1", uid), "ok")
		second, third := l.claim("g2", "s2", uid), l.claim("g3", "s3", uid)
		wants(t, "second, while the first is there", second, "")
		if len(l.kicks) != 1 || l.kicks[0].SessionId != "s1" || l.kicks[0].Socket.Id != "socket/s1" {
			t.Fatalf("kicks = %v, want s1's", l.kicks)
		}
		l.release("g1", "s1")
		wants(t, "second", second, "ok")
		wants(t, "third, while the second is there", third, "")
		l.gone(uid, "s2")
		wants(t, "third", third, "ok")
		l.release("g2", "s2")
		l.release("g3", "s3")
		for id, d := range l.desks {
			if s := d.Stats(); s.Own+s.Logins+s.Claims+s.Queued+s.Kicked > 0 {
				t.Errorf("%s: something is left: %+v", id, s)
			}
		}
	}
}

func TestAnOlderThatDoesNotGoIsKickedAgain(t *testing.T) {
	l := newLab(t, registry.Config{Logins: registry.KickOlder}, "g1", "g2")
	l.claim("g1", "s1", "u")
	second := l.claim("g2", "s2", "u")
	l.tick(500*time.Millisecond - 1)
	if len(l.kicks) != 1 {
		t.Errorf("before half a second: %d kicks, want 1", len(l.kicks))
	}
	l.tick(1)
	if len(l.kicks) != 2 {
		t.Errorf("after it: %d kicks, want 2", len(l.kicks))
	}
	l.tick(2 * time.Second)
	wants(t, "while the older one is there", second, "")
	l.gone("u", "s1")
	wants(t, "when it has gone", second, "ok")
}
