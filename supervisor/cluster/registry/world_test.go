package registry_test

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/registry"
)

// A world is some nodes on a virtual network, in virtual time, with clients that come and go.
type world struct {
	rng    *rand.Rand
	config registry.Config
	doctor doctor
	now    time.Duration
	todo   agenda
	nodes  []*node
	links  map[[2]*node]*link
	view   *messages.View
	socks  []*sock
	uids   int
	calm   bool     // the view stays as it is
	sound  bool     // nothing is lost, and only newcomers change the view
	wrong  []string // what must not be
	pushed map[string]int
}

// A doctor makes nodes do what they must not.
type doctor struct {
	early    bool // grants before all gates have told
	noResync bool // does not tell again after a stream broke
	hasty    bool // takes sockets for gone as soon as they are kicked
}

type node struct {
	member    *messages.Member
	boots     int
	desk      *registry.Desk
	alive     bool
	cut       bool // fenced, or in no view
	installed uint64
}

type sock struct {
	node   *node
	id     string
	open   bool
	bound  string // acknowledged
	binds  int    // how often that has changed
	claims []*int // how often each was answered
}

// A link is a stream from one node to another.
type link struct {
	down   bool
	breaks int
	last   time.Duration // when the last letter arrives
}

type event struct {
	at  time.Duration
	seq int
	do  func()
}

type agenda struct {
	events []event
	seq    int
}

func (a *agenda) Len() int      { return len(a.events) }
func (a *agenda) Swap(i, j int) { a.events[i], a.events[j] = a.events[j], a.events[i] }
func (a *agenda) Push(x any)    { a.events = append(a.events, x.(event)) }
func (a *agenda) Less(i, j int) bool {
	x, y := a.events[i], a.events[j]
	return x.at < y.at || x.at == y.at && x.seq < y.seq
}

func (a *agenda) Pop() any {
	last := a.events[len(a.events)-1]
	a.events = a.events[:len(a.events)-1]
	return last
}

func (w *world) after(d time.Duration, do func()) {
	w.todo.seq++
	heap.Push(&w.todo, event{w.now + d, w.todo.seq, do})
}

func (w *world) run(until time.Duration) {
	for len(w.todo.events) > 0 && w.todo.events[0].at <= until && len(w.wrong) == 0 {
		e := heap.Pop(&w.todo).(event)
		w.now = e.at
		e.do()
	}
	w.now = until
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d))) }

func (w *world) violated(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf("at %v: ", w.now)+fmt.Sprintf(format, args...))
}

func newWorld(seed uint64, c registry.Config, doc doctor) *world {
	w := &world{
		rng: rand.New(rand.NewPCG(seed, 1)), config: c, doctor: doc, links: map[[2]*node]*link{},
		view: &messages.View{}, pushed: map[string]int{},
	}
	w.uids, w.calm = 1+w.rng.IntN(6), w.rng.IntN(2) == 0
	for range 2 + w.rng.IntN(3) {
		w.boot(registry.Gate)
	}
	w.boot("backend")
	w.change(w.nodes)
	return w
}

// boot makes a node, which is in no view yet.
func (w *world) boot(role string) *node {
	id := fmt.Sprintf("%s%d", role[:1], len(w.nodes))
	n := &node{member: member(id, role), desk: registry.New(w.config), alive: true, cut: true}
	w.nodes = append(w.nodes, n)
	w.after(w.upTo(100*time.Millisecond), func() { w.tick(n) })
	return n
}

func (w *world) tick(n *node) {
	if !n.alive {
		return
	}
	w.apply(n, n.desk.Tick(w.now))
	w.after(100*time.Millisecond, func() { w.tick(n) })
}

func (w *world) link(from, to *node) *link {
	l := w.links[[2]*node{from, to}]
	if l == nil {
		l = &link{}
		w.links[[2]*node{from, to}] = l
	}
	return l
}

func (w *world) at(address string) *node {
	i := slices.IndexFunc(w.nodes, func(n *node) bool { return n.member.Address == address })
	return w.nodes[i]
}

// apply does what a desk says.
func (w *world) apply(n *node, out registry.Out) {
	for _, letter := range out.Send {
		w.send(n, letter)
	}
	slices.SortFunc(out.Kick, func(a, b *messages.Login) int { return strings.Compare(a.SessionId, b.SessionId) })
	for _, login := range out.Kick {
		w.kick(n, login)
	}
	for _, login := range out.Unbind {
		if s := w.sock(login.SessionId); s.node == n {
			s.bind("")
		}
	}
	for _, l := range out.Deliver {
		for _, pid := range l.Sockets {
			id := strings.TrimPrefix(pid.Id, "socket/")
			if s := w.sock(id); s.node != n {
				w.violated("%s was given something for %s", n.member.Id, id)
			}
			name := l.Push.GetRoute()
			for key := range l.Set.GetSettings() {
				name = key
			}
			w.pushed[name+id]++
		}
	}
	for _, done := range out.Done {
		done()
	}
}

func (w *world) sock(id string) *sock {
	var i int
	if _, err := fmt.Sscanf(id, "s%d", &i); err != nil {
		panic(err)
	}
	return w.socks[i]
}

func (w *world) send(n *node, letter registry.Letter) {
	to, from := w.at(letter.To), n.member
	if to == n {
		w.violated("%s writes to itself", from.Id)
	}
	l := w.link(n, to)
	if l.down {
		return
	}
	breaks := l.breaks
	l.last = max(l.last, w.now+w.upTo(30*time.Millisecond))
	w.after(l.last-w.now, func() {
		if to.alive && l.breaks == breaks {
			w.apply(to, to.desk.Heard(w.now, from, letter.Peer))
		}
	})
}

// kick is the engine's way: its messages overtake letters. A socket that was kicked takes its time.
func (w *world) kick(by *node, login *messages.Login) {
	to, s := w.at(login.Socket.Address), w.sock(login.SessionId)
	if w.doctor.hasty {
		w.after(0, func() { w.apply(by, by.desk.Kicked(w.now, s.id)) })
	}
	w.after(w.upTo(40*time.Millisecond), func() {
		if !to.alive || to.cut {
			return
		}
		late := time.Duration(0)
		if s.open {
			late = w.upTo(300 * time.Millisecond)
			if w.rng.IntN(20) == 0 {
				late *= 12 // more than anybody waits for
			}
		}
		w.after(late, func() {
			w.close(s)
			w.after(w.upTo(40*time.Millisecond), func() {
				if by.alive {
					w.apply(by, by.desk.Kicked(w.now, s.id))
				}
			})
		})
	})
}

func (s *sock) bind(uid string) {
	if s.bound != uid {
		s.bound = uid
		s.binds++
	}
}

func (w *world) close(s *sock) {
	if s.open && s.node.alive {
		s.open = false
		s.bind("")
		w.release(s)
	}
}

func (w *world) release(s *sock) {
	w.apply(s.node, s.node.desk.Release(w.now, &messages.Session{Id: s.id}))
}

func (w *world) claim(s *sock, uid string) {
	count := new(int)
	s.claims = append(s.claims, count)
	pid := session("", s.id).Socket
	pid.Address = s.node.member.Address
	w.apply(s.node, s.node.desk.Claim(w.now, &messages.Session{Id: s.id, Socket: pid}, uid, func(err error) {
		*count++
		switch {
		case err != nil:
		case !s.open:
			w.release(s)
		default:
			s.bind(uid)
			w.alone(s)
		}
	}))
}

// alone checks that a user who has just been bound is bound nowhere else.
func (w *world) alone(s *sock) {
	for _, o := range w.socks {
		if o != s && o.open && o.bound == s.bound && w.config.Logins != registry.Allow {
			w.violated("%s is bound to %s on %s and to %s on %s", s.bound, o.id, o.node.member.Id, s.id, s.node.member.Id)
		}
	}
}
