package registry_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

var worlds = flag.Int("worlds", 20, "how many worlds each simulation lives through")

// change makes a view of nodes. Those that are left out are fenced, or dead, before anybody knows.
func (w *world) change(nodes []*node) {
	v := &messages.View{Number: w.view.Number + 1}
	for _, n := range nodes {
		v.Members = append(v.Members, n.member)
	}
	w.view = v
	for _, n := range nodes {
		w.after(w.upTo(200*time.Millisecond), func() { w.install(n, v) })
	}
}

func (w *world) install(n *node, v *messages.View) {
	if !n.alive || n.installed > v.Number || !slices.Contains(v.Members, n.member) || !slices.Contains(w.view.Members, n.member) {
		return
	}
	n.installed, n.cut = v.Number, false
	w.apply(n, n.desk.Install(w.now, n.member, v))
	for _, m := range v.Members {
		if w.doctor.early && m != n.member && m.Roles[0] == registry.Gate {
			w.apply(n, n.desk.Heard(w.now, m, &messages.Peer{Body: &messages.Peer_Bindings{Bindings: &messages.Bindings{
				View: v.Number, Logins: []*messages.Login{{}}, Last: true,
			}}}))
		}
	}
}

// members are the nodes of the newest view that have a role, "" any.
func (w *world) members(role string) (out []*node) {
	for _, n := range w.nodes {
		if n.alive && slices.Contains(w.view.Members, n.member) && (role == "" || n.member.Roles[0] == role) {
			out = append(out, n)
		}
	}
	return out
}

func (w *world) without(gone *node) []*node {
	return slices.DeleteFunc(w.members(""), func(n *node) bool { return n == gone })
}

// crash ends a node, and cutOff fences one that lives on, until it returns as another member.
func (w *world) crash(n *node) {
	n.alive = false
	for _, s := range w.socks {
		if s.node == n {
			s.open = false
			s.bind("")
		}
	}
	w.change(w.without(n))
}

func (w *world) cutOff(n *node) {
	for _, o := range w.nodes {
		if o != n {
			w.snap(n, o)
			w.snap(o, n)
		}
	}
	n.cut = true
	w.apply(n, n.desk.Fenced(w.now))
	w.change(w.without(n))
	w.after(200*time.Millisecond+w.upTo(2*time.Second), func() { w.comeBack(n) })
}

func (w *world) comeBack(n *node) {
	if !n.alive || slices.Contains(w.view.Members, n.member) {
		return
	}
	n.boots++
	base, _, _ := strings.Cut(n.member.Id, ".")
	n.member = &messages.Member{Id: fmt.Sprintf("%s.%d", base, n.boots), Address: n.member.Address, Roles: n.member.Roles}
	w.apply(n, n.desk.Install(w.now, n.member, nil))
	for _, o := range w.nodes {
		if o != n {
			w.mend(n, o)
			w.mend(o, n)
		}
	}
	w.change(append(w.members(""), n))
}

// stumble fences a node that is let go on in the same view.
func (w *world) stumble(n *node) {
	if n.cut || n.installed == 0 {
		return
	}
	n.cut = true
	w.apply(n, n.desk.Fenced(w.now))
	v := w.view
	if n.installed != v.Number {
		return // the newer view is on its way
	}
	w.after(w.upTo(500*time.Millisecond), func() { w.install(n, v) })
}

// snap breaks a stream: what is on the way is lost, and all until it is mended.
func (w *world) snap(from, to *node) {
	l := w.link(from, to)
	l.down = true
	l.breaks++
}

func (w *world) mend(from, to *node) {
	l := w.link(from, to)
	if !l.down || !from.alive {
		return
	}
	l.down = false
	if w.doctor.noResync {
		return
	}
	w.apply(from, from.desk.Resync(w.now, to.member.Address))
	if to.alive && w.rng.IntN(2) == 0 {
		w.after(w.upTo(20*time.Millisecond), func() { w.apply(to, to.desk.Resync(w.now, from.member.Address)) })
	}
}

func pick[T any](w *world, all []T) T { return all[w.rng.IntN(len(all))] }

func (w *world) uid() string { return fmt.Sprint("user-", w.rng.IntN(w.uids)) }

// step lets something happen.
func (w *world) step() {
	gates := w.members(registry.Gate)
	n := w.rng.IntN(100)
	switch {
	case w.sound:
		n = []int{0, 0, 20, 20, 80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 94, 98}[n/5]
	case w.calm && n >= 91:
		n = 88 // streams break instead
	}
	switch {
	case n < 20:
		s := &sock{node: pick(w, gates), id: fmt.Sprint("s", len(w.socks)), open: true}
		w.socks = append(w.socks, s)
		w.claim(s, w.uid())
	case n < 75:
		w.client()
	case n < 88:
		w.speak(pick(w, w.members("")), w.uid())
	case n < 91:
		from, to := pick(w, w.nodes), pick(w, w.nodes)
		if from != to && from.alive {
			w.snap(from, to)
			w.after(w.upTo(300*time.Millisecond), func() { w.mend(from, to) })
		}
	case n < 93:
		w.stumble(pick(w, gates))
	case n < 95:
		w.change(w.members(""))
	case n < 96 && len(gates) > 1:
		w.crash(pick(w, gates))
	case n < 98 && len(gates) > 1:
		w.cutOff(pick(w, gates))
	case n < 99 && len(gates) < 5 || w.sound && n == 98 && len(gates) < 7:
		role := registry.Gate
		if w.rng.IntN(3) == 0 {
			role = "backend"
		}
		w.change(append(w.members(""), w.boot(role)))
	}
}

// client lets a client that is there do something.
func (w *world) client() {
	open := slices.DeleteFunc(slices.Clone(w.socks), func(s *sock) bool { return !s.open })
	if len(open) == 0 {
		return
	}
	switch s := pick(w, open); w.rng.IntN(4) {
	case 0:
		w.close(s)
	case 1:
		s.bind("")
		w.release(s)
	default:
		w.claim(s, w.uid())
	}
}

func (w *world) speak(n *node, uid string) {
	switch what := w.rng.IntN(4); {
	case what == 0 || w.sound && !n.cut:
		w.push(n, uid)
	case what == 1 && !w.sound:
		w.apply(n, n.desk.Kick(w.now, uid, "bye"))
	case what == 2:
		w.apply(n, n.desk.Set(w.now, uid, map[string][]byte{"a": []byte("1")}))
	default:
		w.ask(n, uid, func([]*messages.Login, error) {})
	}
}

// push sends a push or settings, and checks that those are reached, once, who are bound all the while.
func (w *world) push(n *node, uid string) {
	route := fmt.Sprintf("%v/%d/", w.now, w.todo.seq)
	binds := map[*sock]int{}
	for _, s := range w.socks {
		if s.bound == uid && !n.cut {
			binds[s] = s.binds
		}
	}
	if w.rng.IntN(2) == 0 {
		w.apply(n, n.desk.Push(w.now, &messages.Push{Route: route}, []string{uid}))
	} else {
		w.apply(n, n.desk.Set(w.now, uid, map[string][]byte{route: nil}))
	}
	w.after(4*time.Second, func() {
		for _, s := range w.socks {
			want := 0
			if was, there := binds[s]; there && was == s.binds {
				want = 1
			}
			if got := w.pushed[route+s.id]; w.sound && (got < want || got > 1) {
				w.violated("a push to %s of %s came %d times to %s", uid, route, got, s.id)
			}
		}
	})
}

func (w *world) ask(n *node, uid string, done func([]*messages.Login, error)) {
	answers := 0
	w.apply(n, n.desk.Ask(w.now, uid, func(l []*messages.Login, err error) {
		if answers++; answers > 1 {
			w.violated("%s: a question was answered twice", n.member.Id)
		}
		done(l, err)
	}))
	w.after(4*time.Second, func() {
		if n.alive && answers != 1 {
			w.violated("%s: a question was answered %d times", n.member.Id, answers)
		}
	})
}

// live is a life: much happens, then nothing, and then all must agree. It returns what went wrong.
func (w *world) live() []string {
	for range 300 {
		w.step()
		w.run(w.now + w.upTo(40*time.Millisecond))
	}
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if a != b {
				w.mend(a, b)
			}
		}
	}
	w.run(w.now + 12*time.Second)
	w.agree()
	return w.wrong
}

// agree checks that the registrars know exactly what is, and that nothing else is left.
func (w *world) agree() {
	if len(w.wrong) > 0 {
		return
	}
	bound, own := map[string][]string{}, map[*node]int{}
	all := 0
	for _, s := range w.socks {
		if s.open && s.bound != "" {
			bound[s.bound] = append(bound[s.bound], s.id)
			own[s.node]++
			all++
		}
		for _, n := range s.claims {
			if s.node.alive && *n != 1 {
				w.violated("a claim of %s was answered %d times", s.id, *n)
			}
		}
	}
	for _, n := range w.nodes {
		s := n.desk.Stats()
		if !n.alive {
			continue
		}
		all -= s.Logins
		if s.Own != own[n] || s.Claims+s.Asks+s.Queued+s.Kicked+s.Held+s.Later > 0 || s.Settled != (n.member.Roles[0] == registry.Gate && !n.cut) {
			w.violated("%s has %+v, with %d clients bound", n.member.Id, s, own[n])
		}
	}
	if all != 0 {
		w.violated("%d more clients are bound than registrars know", all)
	}
	w.reach(bound)
}

// reach checks that a backend finds all sockets of all users, and those only.
func (w *world) reach(bound map[string][]string) {
	backend := w.members("backend")[0]
	clear(w.pushed)
	for i := range w.uids {
		uid := fmt.Sprint("user-", i)
		w.ask(backend, uid, func(logins []*messages.Login, err error) {
			var ids []string
			for _, l := range logins {
				ids = append(ids, l.SessionId)
			}
			slices.Sort(ids)
			want := slices.Sorted(slices.Values(bound[uid]))
			if err != nil || !slices.Equal(ids, want) {
				w.violated("%s is bound to %v (%v), want %v", uid, ids, err, want)
			}
		})
		w.apply(backend, backend.desk.Push(w.now, &messages.Push{}, []string{uid}))
		w.apply(backend, backend.desk.Set(w.now, uid, nil))
		w.apply(backend, backend.desk.Kick(w.now, uid, ""))
	}
	w.run(w.now + time.Second)
	for uid, ids := range bound {
		for _, id := range ids {
			if w.pushed[id] != 3 {
				w.violated("%s of %s was reached %d times of three", id, uid, w.pushed[id])
			}
			delete(w.pushed, id)
		}
	}
	for id := range w.pushed {
		w.violated("%s was reached, and is nobody's", id)
	}
}

func TestWorldsAgree(t *testing.T) {
	for name, policy := range map[string]registry.Logins{
		"all logins are allowed": registry.Allow, "older ones are kicked": registry.KickOlder, "newer ones are refused": registry.RefuseNewer,
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(*worlds) {
				if wrong := newWorld(seed, registry.Config{Logins: policy}, doctor{}).live(); len(wrong) > 0 {
					t.Fatalf("world %d: %s", seed, strings.Join(wrong, "\n"))
				}
			}
		})
	}
}

func TestNobodyIsMissed(t *testing.T) {
	for seed := range uint64(*worlds) {
		w := newWorld(seed, registry.Config{}, doctor{})
		w.sound, w.uids = true, 10
		if wrong := w.live(); len(wrong) > 0 {
			t.Fatalf("world %d: %s", seed, strings.Join(wrong, "\n"))
		}
	}
}

func TestDoctoredWorldsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		config registry.Config
		doctor doctor
	}{
		"granted before all gates have told": {config: registry.Config{Logins: registry.KickOlder}, doctor: doctor{early: true}},
		"older sockets are not waited for":   {config: registry.Config{Logins: registry.KickOlder}, doctor: doctor{hasty: true}},
		"nothing is told again":              {doctor: doctor{noResync: true}},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(100) {
				if len(newWorld(seed, c.config, c.doctor).live()) > 0 {
					return
				}
			}
			t.Error("no world has found that")
		})
	}
}
