package registry_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

// ask returns where the answer will be: nothing yet, the sessions, or an error's text.
func (l *lab) ask(node, uid string) *string {
	answer := new(string)
	l.do(node, l.desks[node].Ask(l.now, uid, func(logins []*messages.Login, err error) {
		var ids []string
		for _, login := range logins {
			ids = append(ids, login.SessionId)
		}
		slices.Sort(ids)
		*answer = strings.Join(ids, " ")
		if err != nil {
			*answer = err.Error()
		}
	}))
	return answer
}

// got is what nodes have delivered, as "node kind socket" lines in order.
func (l *lab) got() (out []string) {
	for id, all := range l.local {
		for _, d := range all {
			kind := map[bool]string{d.Push != nil: "push", d.Kick != nil: "kick", d.Set != nil: "set"}[true]
			for i, s := range d.Sockets {
				if d.Push == nil && "socket/"+d.Sessions[i] != s.Id {
					l.t.Errorf("session %s has socket %s", d.Sessions[i], s.Id)
				}
				out = append(out, id+" "+kind+" "+s.Id)
			}
		}
	}
	clear(l.local)
	slices.Sort(out)
	return out
}

func (l *lab) speak(node string, uids ...string) {
	d := l.desks[node]
	l.do(node, d.Push(l.now, &messages.Push{Route: "hi"}, uids))
	l.do(node, d.Kick(l.now, uids[0], "bye"))
	l.do(node, d.Set(l.now, uids[0], map[string][]byte{"k": nil}))
}

func TestAllSocketsOfAUserAreReached(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2", "g3", "b1")
	for _, registrar := range []string{"g1", "g2", "g3"} {
		uid, nobody := l.userOf(registrar), "nobody"
		l.claim("g1", "s1", uid)
		l.claim("g1", "s2", uid)
		l.claim("g2", "s3", uid)
		want := []string{
			"g1 kick socket/s1", "g1 kick socket/s2", "g1 push socket/s1", "g1 push socket/s2", "g1 set socket/s1", "g1 set socket/s2",
			"g2 kick socket/s3", "g2 push socket/s3", "g2 set socket/s3",
		}
		for _, sender := range []string{"g1", "g2", "g3", "b1"} {
			l.speak(sender, uid, nobody)
			if got := l.got(); !slices.Equal(got, want) {
				t.Errorf("from %s, by %s: got %q, want %q", sender, registrar, got, want)
			}
			wants(t, "the question", l.ask(sender, uid), "s1 s2 s3")
		}
		for _, s := range []string{"g1 s1", "g1 s2", "g2 s3"} {
			node, id, _ := strings.Cut(s, " ")
			l.release(node, id)
		}
		l.speak("b1", uid)
		if got := l.got(); len(got) > 0 {
			t.Errorf("got %q after the release", got)
		}
	}
}

func TestAPushToManyGoesInPieces(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "b1")
	var uids []string
	for i := range 2500 {
		uids = append(uids, fmt.Sprint("user-", i))
		l.claim("g1", fmt.Sprint("s", i), uids[i])
	}
	out := l.desks["b1"].Push(l.now, &messages.Push{}, uids)
	if len(out.Send) != 3 || len(out.Send[0].Peer.GetUserPush().Uids) != 1000 {
		t.Errorf("%d letters, want three of at most 1,000 users", len(out.Send))
	}
	l.do("b1", out)
	if n := len(l.got()); n != 2500 {
		t.Errorf("%d sockets were reached, want 2,500", n)
	}
}

// The sender is in an older view, in which another gate was the registrar.
func TestMessagesFollowTheRegistrar(t *testing.T) {
	l := newLab(t, registry.Config{}, "g1", "g2", "g3", "b1")
	old := l.desks["b1"]
	var uid string
	before := l.view
	for c := 'a'; uid == ""; c++ {
		u, v := "user-"+string(c), viewOf(2, before.Members[0], before.Members[1], before.Members[3], member("g4", registry.Gate))
		gate := func(m *messages.Member) bool { return m.Roles[0] == registry.Gate }
		if was, is := registry.NewTable(before, gate).Owner(u).Id, registry.NewTable(v, gate).Owner(u).Id; was != is && was != "g3" {
			uid = u
		}
	}
	m := member("g4", registry.Gate)
	l.members[m.Address], l.desks["g4"] = m, registry.New(registry.Config{})
	l.claim("g1", "s1", uid)
	l.desks["b1"] = registry.New(registry.Config{})
	l.install(2, "g1", "g2", "b1", "g4")
	l.desks["b1"] = old
	l.speak("b1", uid)
	if got, want := l.got(), []string{"g1 kick socket/s1", "g1 push socket/s1", "g1 set socket/s1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	asked := l.ask("b1", uid)
	wants(t, "a question to the old one", asked, "")
	l.do("b1", old.Install(l.now, l.members["b1:1"], l.view))
	wants(t, "the question, in the new view", asked, "s1")
}

func TestWhatIsHeldIsBounded(t *testing.T) {
	l := newLab(t, registry.Config{Most: 2}, "g1", "g2", "b1")
	l.lost = func(from, to string, p *messages.Peer) bool { return from == "g2" }
	l.install(2, "g1", "g2", "b1")
	uid := l.userOf("g1")
	for range 3 {
		l.do("b1", l.desks["b1"].Push(l.now, &messages.Push{}, []string{uid}))
	}
	if s := l.desks["g1"].Stats(); s.Held != 2 || s.Dropped != 1 {
		t.Errorf("%d held and %d dropped, want two and one", s.Held, s.Dropped)
	}
	l.tick(3*time.Second - 1)
	if s := l.desks["g1"].Stats(); s.Held != 2 {
		t.Errorf("%d held before three seconds, want two", s.Held)
	}
	l.tick(1)
	if s := l.desks["g1"].Stats(); s.Held != 0 || s.Dropped != 3 {
		t.Errorf("%d held and %d dropped after three seconds, want none and three", s.Held, s.Dropped)
	}
}

func TestNobodyToAsk(t *testing.T) {
	l := newLab(t, registry.Config{Most: 1}, "g1", "b1")
	outside := registry.New(registry.Config{})
	l.desks["b2"] = outside
	wants(t, "in no view", l.ask("b2", "u"), cutOff)
	l.speak("b2", "u")
	if n := outside.Stats().Dropped; n != 3 {
		t.Errorf("%d messages are counted as dropped, want three", n)
	}
	l.lost = func(string, string, *messages.Peer) bool { return true }
	asked := l.ask("b1", "u")
	wants(t, "one too many", l.ask("b1", "u"), busy)
	l.tick(3 * time.Second)
	wants(t, "unanswered", asked, cutOff)
	asked = l.ask("b1", "u")
	l.do("b1", l.desks["b1"].Fenced(l.now))
	wants(t, "fenced", asked, cutOff)
}

// Peers are trusted, and may have bugs.
func TestNonsenseIsSurvived(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func() string { return []string{"", "u", "s1", "s2", "user-a"}[rng.IntN(5)] }
	number := func() uint64 { return []uint64{0, 1, 2, 3, 1 << 63}[rng.IntN(5)] }
	login := func() *messages.Login {
		if rng.IntN(4) == 0 {
			return nil
		}
		return &messages.Login{Uid: word(), SessionId: word(), View: number(), Count: number(), Socket: actor.NewPID(word(), word())}
	}
	push := []*messages.Push{nil, {}}
	bodies := []func() *messages.Peer{
		func() *messages.Peer { return nil },
		func() *messages.Peer {
			return &messages.Peer{Body: &messages.Peer_Claim{Claim: &messages.Claim{Ask: number(), View: number(), Login: login()}}}
		},
		func() *messages.Peer {
			m := &messages.Claimed{Ask: number(), View: number(), Login: login(), Moved: rng.IntN(2) == 0}
			return &messages.Peer{Body: &messages.Peer_Claimed{Claimed: m}}
		},
		func() *messages.Peer {
			return &messages.Peer{Body: &messages.Peer_Release{Release: &messages.Release{Login: login()}}}
		},
		func() *messages.Peer {
			m := &messages.Bindings{View: number(), Logins: []*messages.Login{login(), login()}[:rng.IntN(3)], Last: rng.IntN(2) == 0}
			return &messages.Peer{Body: &messages.Peer_Bindings{Bindings: m}}
		},
		func() *messages.Peer {
			return &messages.Peer{Body: &messages.Peer_UserPush{UserPush: &messages.UserPush{Push: push[rng.IntN(2)], Uids: []string{word(), word()}}}}
		},
		func() *messages.Peer {
			return &messages.Peer{Body: &messages.Peer_UserKick{UserKick: &messages.UserKick{Uid: word()}}}
		},
		func() *messages.Peer { return &messages.Peer{Body: &messages.Peer_UserSet{}} },
		func() *messages.Peer { return &messages.Peer{Body: &messages.Peer_Claim{}} },
		func() *messages.Peer { return &messages.Peer{Body: &messages.Peer_Bindings{}} },
		func() *messages.Peer {
			return &messages.Peer{Body: &messages.Peer_UserAsk{UserAsk: &messages.UserAsk{Ask: number(), Uid: word()}}}
		},
		func() *messages.Peer {
			return &messages.Peer{Body: &messages.Peer_UserAnswer{UserAnswer: &messages.UserAnswer{Ask: number(), Moved: rng.IntN(2) == 0}}}
		},
	}
	from := []*messages.Member{nil, {}, member("g1", registry.Gate), member("g2", registry.Gate), member("b1"), member("g9", registry.Gate)}
	for range 200 {
		d := registry.New(registry.Config{Logins: registry.Logins(rng.IntN(3)), Most: 3})
		now := time.Duration(0)
		for range 100 {
			switch now += time.Duration(rng.Int64N(int64(time.Second))); rng.IntN(12) {
			case 0:
				d.Install(now, from[rng.IntN(3)], viewOf(number(), from[2:2+rng.IntN(4)]...))
			case 1:
				d.Claim(now, session("g1", word()), word(), func(error) {})
			case 2:
				d.Release(now, session("g1", word()))
			case 3:
				d.Tick(now)
			case 4:
				d.Kicked(now, word())
			case 5:
				d.Resync(now, "g2:1")
			default:
				d.Heard(now, from[rng.IntN(len(from))], bodies[rng.IntN(len(bodies))]())
			}
		}
		d.Fenced(now)
	}
}
