package view_test

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/view"
)

var (
	schedules = flag.Uint64("view.schedules", 12, "random schedules")
	first     = flag.Uint64("view.first", 0, "the seed of the first one")
)

const (
	stepTime = 10 * time.Millisecond
	tickTime = 50 * time.Millisecond
)

// world is a network of machines in virtual time.
type world struct {
	random *rand.Rand
	config func(i int) view.Config
	now    time.Duration
	hosts  []*host
	cut    map[[2]int]bool // from, to
	flight []*letter
	order  uint64
	wrong  error
	tale   []string
	doomed []int           // hosts that are to crash
	spy    func(l *letter) // sees, and may change, what is sent; nil: nobody does
}

// host is where a machine runs, and runs again.
type host struct {
	i       int
	m       *view.Machine
	born    time.Duration
	boots   int
	up      bool
	paused  bool
	left    bool
	reached map[int]time.Duration
}

type letter struct {
	from, to int
	member   *messages.Member
	peer     *messages.Peer
	due      time.Duration
	order    uint64
	boots    [2]int
}

func newWorld(seed uint64, n int, config func(i int) view.Config) *world {
	w := &world{
		random: rand.New(rand.NewPCG(seed, 1)), config: config, cut: map[[2]int]bool{},
	}
	for i := range n {
		w.hosts = append(w.hosts, &host{i: i})
	}
	return w
}

// view is that of a living host.
func (h *host) view() *messages.View {
	if !h.up {
		return nil
	}
	return h.m.View()
}

func address(i int) string { return fmt.Sprintf("host%d:1", i) }

func (w *world) start(i int) {
	h := w.hosts[i]
	h.boots++
	c := w.config(i)
	c.Self = &messages.Member{Id: fmt.Sprintf("m%d-%d", i, h.boots), Address: address(i)}
	c.Rand = w.random.Float64
	h.m, h.born, h.up, h.paused, h.left = view.New(c), w.now, true, false, false
	h.reached = map[int]time.Duration{}
	for _, o := range w.hosts { // streams are made anew, and cards exchanged
		if o != h && o.up && !w.cut[[2]int{i, o.i}] && !w.cut[[2]int{o.i, i}] {
			w.do(h, h.m.Met(w.at(h), o.m.Self()))
			if !o.paused {
				w.do(o, o.m.Met(w.at(o), h.m.Self()))
			}
		}
	}
}

func (w *world) at(h *host) time.Duration { return w.now - h.born }

// do sends what a machine wants sent, and notes what it says.
func (w *world) do(h *host, out view.Out) {
	for _, e := range out.Events {
		w.tell("%s: %v %v", h.m.Self().Id, e.Kind, e.View)
		switch e.Kind {
		case view.Installed:
			for _, o := range w.hosts { // what only the dead have agreed on does not count
				if v := o.view(); v.GetNumber() == e.View.Number && !proto.Equal(v, e.View) {
					w.fail("two views number %d: %v and %v", e.View.Number, v, e.View)
				}
			}
		case view.Left:
			h.left = true
		}
	}
	// A machine has its nodes in a map: what it sends to several has no order, and the same seed is to mean the same.
	slices.SortStableFunc(out.Send, func(a, b view.Letter) int { return cmp.Compare(a.To, b.To) })
	for _, l := range out.Send {
		to := slices.IndexFunc(w.hosts, func(o *host) bool { return address(o.i) == l.To })
		if to < 0 {
			continue
		}
		due := max(w.now+time.Duration(1+w.random.IntN(30))*time.Millisecond, h.reached[to])
		h.reached[to] = due
		w.order++
		sent := &letter{
			from: h.i, to: to, member: h.m.Self(), peer: proto.CloneOf(l.Peer), due: due, order: w.order, boots: [2]int{h.boots, w.hosts[to].boots},
		}
		if w.spy != nil {
			w.spy(sent)
		}
		w.flight = append(w.flight, sent)
	}
}

func (w *world) tell(format string, args ...any) {
	w.tale = append(w.tale, fmt.Sprintf("%v: ", w.now)+fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	if w.wrong == nil {
		w.wrong = fmt.Errorf("at %v: "+format, append([]any{w.now}, args...)...)
	}
}

// step lets a moment pass.
func (w *world) step() {
	w.now += stepTime
	slices.SortFunc(w.flight, func(a, b *letter) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.order, b.order))
	})
	var kept []*letter
	flight := w.flight
	w.flight = nil
	for _, l := range flight {
		to, from := w.hosts[l.to], w.hosts[l.from]
		switch {
		case l.boots != [2]int{from.boots, to.boots} || !to.up:
		case w.cut[[2]int{l.from, l.to}] || to.paused || l.due > w.now: // TCP keeps it
			kept = append(kept, l)
		default:
			w.do(to, to.m.Heard(w.at(to), l.member, l.peer))
		}
	}
	w.flight = append(w.flight, kept...)
	for _, h := range w.hosts {
		if h.up && !h.paused && (w.now+time.Duration(h.i)*stepTime)%tickTime == 0 {
			w.do(h, h.m.Tick(w.at(h)))
		}
	}
	w.judge()
}

// judge looks for a member that may act although the others go on without it.
func (w *world) judge() {
	for _, a := range w.hosts {
		if a.view() == nil {
			continue
		}
		for _, b := range w.hosts {
			if v := b.view(); v.GetNumber() > a.m.View().Number && !holds(v, a.m.Self().Id) && a.m.Standing(w.at(a)) {
				w.fail("%s stands in view %d, and %s is in view %d without it", a.m.Self().Id, a.m.View().Number, b.m.Self().Id, v.Number)
			}
		}
	}
}

func holds(v *messages.View, id string) bool {
	return slices.ContainsFunc(v.GetMembers(), func(x *messages.Member) bool { return x.Id == id })
}

func (w *world) run(d time.Duration) {
	for end := w.now + d; w.now < end && w.wrong == nil; {
		w.step()
	}
}

// crash ends a process. Those who can reach its host learn it for certain.
func (w *world) crash(i int, certain bool) {
	h := w.hosts[i]
	h.up = false
	h.boots++ // what is on its way to and from it is lost
	if !certain {
		return
	}
	for _, o := range w.hosts {
		if o.up && !o.paused && !w.cut[[2]int{i, o.i}] && !w.cut[[2]int{o.i, i}] {
			w.do(o, o.m.Dead(w.at(o), address(i)))
		}
	}
}

// trouble does something to the world, for a while.
func (w *world) trouble() {
	n := len(w.hosts)
	one := w.random.IntN(n)
	kind := w.random.IntN(10)
	w.tell("%d to host %d", kind, one)
	switch kind {
	case 0:
		if w.hosts[one].up {
			w.crash(one, true)
		}
	case 1:
		if w.hosts[one].up {
			w.crash(one, false)
		}
	case 2, 3:
		w.hosts[one].paused = w.hosts[one].up
	case 4:
		for i := range n {
			w.cut[[2]int{one, i}], w.cut[[2]int{i, one}] = true, true
		}
	case 5:
		for i := range n {
			w.cut[[2]int{one, i}] = true
		}
	case 6:
		for i := range n {
			w.cut[[2]int{i, one}] = true
		}
	case 7:
		side := w.random.IntN(1 << n)
		for i := range n {
			for j := range n {
				if side>>i&1 != side>>j&1 {
					w.cut[[2]int{i, j}] = true
				}
			}
		}
	case 8:
		if h := w.hosts[one]; h.up && !h.paused && w.random.IntN(2) == 0 {
			w.do(h, h.m.Leave(w.at(h)))
		}
	case 9:
		for i := one; i < min(one+2, n); i++ {
			if w.hosts[i].up {
				w.crash(i, true)
			}
		}
	}
}

// heal ends all that is wrong, but for those who have crashed; they come back if all is true.
func (w *world) heal(all bool) {
	w.tell("healed, all: %v", all)
	clear(w.cut)
	for _, h := range w.hosts {
		if h.paused {
			h.paused = false
		}
		if all && (!h.up || h.left) {
			if h.up {
				w.crash(h.i, true)
			}
			w.start(h.i)
		}
	}
}

// schedule is one random life of a cluster.
func schedule(seed uint64, config func(n int) view.Config) (*world, error) {
	random := rand.New(rand.NewPCG(seed, 2))
	n := 3 + random.IntN(5)
	w := newWorld(seed, n, func(int) view.Config { return config(n) })
	for i := range n {
		w.start(i)
	}
	w.run(2 * time.Second)
	for range 2 + random.IntN(6) {
		w.trouble()
		w.run(time.Duration(random.IntN(5000)) * time.Millisecond)
		if random.IntN(2) == 0 {
			w.heal(random.IntN(2) == 0)
			w.run(time.Duration(random.IntN(2000)) * time.Millisecond)
		}
	}
	w.heal(true)
	w.run(8 * time.Second)
	w.heal(true) // those who have left in the meantime come back
	w.run(10 * time.Second)
	for _, h := range w.hosts {
		if v := h.m.View(); v == nil || !h.m.Standing(w.at(h)) || v.Number != w.hosts[0].m.View().GetNumber() || len(v.Members) != n {
			w.fail("%s is in %v, standing %v", h.m.Self().Id, v, h.m.Standing(w.at(h)))
		}
	}
	return w, w.wrong
}

// most expects more than half of n nodes at first.
func most(n int) view.Config { return view.Config{Expect: n/2 + 1} }

func TestSchedules(t *testing.T) {
	for seed := *first; seed < *first+*schedules; seed++ {
		if w, err := schedule(seed, most); err != nil {
			t.Fatalf("seed %d, %d hosts: %v\n%s", seed, len(w.hosts), err, strings.Join(w.tale, "\n"))
		}
	}
}
