package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/view"
)

// cluster is a world whose n hosts are members of one view, and stand.
func cluster(t *testing.T, n int) *world {
	t.Helper()
	w := newWorld(7, n, func(int) view.Config { return most(n) })
	for i := range n {
		w.start(i)
	}
	w.run(3 * time.Second)
	w.stands(t, all(n)...)
	t.Cleanup(func() {
		if w.wrong != nil {
			t.Error(w.wrong)
		}
		if t.Failed() {
			t.Log(strings.Join(w.tale, "\n"))
		}
	})
	return w
}

func all(n int) (hosts []int) {
	for i := range n {
		hosts = append(hosts, i)
	}
	return hosts
}

// agree tells whether the hosts stand in one view, whose members are they and nobody else.
func (w *world) agree(hosts ...int) bool {
	v := w.hosts[hosts[0]].view()
	for _, i := range hosts {
		h := w.hosts[i]
		if h.view().GetNumber() != v.GetNumber() || !holds(v, h.m.Self().Id) || !h.m.Standing(w.at(h)) {
			return false
		}
	}
	return len(v.GetMembers()) == len(hosts)
}

func (w *world) stands(t *testing.T, hosts ...int) {
	t.Helper()
	if !w.agree(hosts...) {
		t.Fatalf("at %v: hosts %v do not stand alone in one view: %v", w.now, hosts, w.hosts[hosts[0]].view())
	}
}

// within has the hosts be alone in one view so soon.
func (w *world) within(t *testing.T, d time.Duration, hosts ...int) {
	t.Helper()
	for end := w.now + d; w.now < end && !w.agree(hosts...) && w.wrong == nil; {
		w.step()
	}
	w.stands(t, hosts...)
}

// part cuts some hosts off from the others.
func (w *world) part(some ...int) {
	for i := range w.hosts {
		for j := range w.hosts {
			if slices.Contains(some, i) != slices.Contains(some, j) {
				w.cut[[2]int{i, j}] = true
			}
		}
	}
}

func (w *world) standing(i int) bool {
	h := w.hosts[i]
	return h.m.Standing(w.at(h))
}

func TestFirstView(t *testing.T) {
	w := newWorld(1, 3, func(int) view.Config { return view.Config{Expect: 3} })
	w.start(0)
	w.start(1)
	w.run(3 * time.Second)
	if w.hosts[0].view() != nil || w.hosts[1].view() != nil {
		t.Fatal("two of three have made the first view")
	}
	w.start(2)
	w.within(t, 1500*time.Millisecond, 0, 1, 2)
	if n := w.hosts[0].view().Number; n != 1 {
		t.Errorf("it is number %d", n)
	}
}

func TestExpectOne(t *testing.T) {
	w := newWorld(1, 2, func(int) view.Config { return view.Config{Expect: 1} })
	w.start(0)
	w.within(t, 600*time.Millisecond, 0)
	w.start(1)
	w.within(t, time.Second, 0, 1)
}

// Whoever has died, the others go on at once, whether or not the first member is still there.
func TestCertainDeath(t *testing.T) {
	for _, c := range []struct {
		n    int
		dead []int
	}{{2, []int{0}}, {2, []int{1}}, {3, []int{0}}, {3, []int{1}}, {3, []int{2}}, {5, []int{0, 1}}, {5, []int{0, 3}}, {5, []int{3, 4}}, {4, []int{0}}} {
		t.Run(fmt.Sprintf("%v of %d", c.dead, c.n), func(t *testing.T) {
			w := cluster(t, c.n)
			left := all(c.n)
			for _, i := range c.dead {
				w.crash(i, true)
				left = slices.DeleteFunc(left, func(j int) bool { return i == j })
			}
			w.within(t, 400*time.Millisecond, left...)
		})
	}
}

// Nobody but the last one has been told of a death.
func TestCertainDeathThatOneKnows(t *testing.T) {
	w := cluster(t, 5)
	w.crash(0, false)
	w.do(w.hosts[4], w.hosts[4].m.Dead(w.at(w.hosts[4]), address(0)))
	w.within(t, 4*time.Second, 1, 2, 3, 4)
}

func TestSilentLoss(t *testing.T) {
	for _, n := range []int{3, 5} {
		for lost := range n {
			w := cluster(t, n)
			w.crash(lost, false)
			w.within(t, 3300*time.Millisecond, slices.DeleteFunc(all(n), func(i int) bool { return i == lost })...)
		}
	}
}

func TestPartition(t *testing.T) {
	w := cluster(t, 5)
	was := w.hosts[0].m.Self().Id
	w.part(0, 1)
	w.run(2500 * time.Millisecond)
	if w.standing(0) || w.standing(1) {
		t.Error("two of five stand")
	}
	w.within(t, time.Second, 2, 3, 4)
	w.run(10 * time.Second)
	if w.hosts[0].view().GetNumber() >= w.hosts[2].view().GetNumber() {
		t.Error("two of five have made a view")
	}
	w.heal(false)
	w.within(t, 3*time.Second, 0, 1, 2, 3, 4)
	if w.hosts[0].m.Self().Id == was {
		t.Error("who has been left out is the same member as before")
	}
}

// Without a majority nobody stands, and nobody is left out.
func TestHalves(t *testing.T) {
	w := cluster(t, 4)
	number := w.hosts[0].view().Number
	w.part(0, 1)
	w.run(10 * time.Second)
	for i := range 4 {
		if w.standing(i) {
			t.Errorf("host %d stands", i)
		}
	}
	w.heal(false)
	w.within(t, 2*time.Second, 0, 1, 2, 3)
	if n := w.hosts[0].view().Number; n < number {
		t.Errorf("view %d after %d", n, number)
	}
}

func TestLeave(t *testing.T) {
	w := cluster(t, 3)
	h := w.hosts[0]
	w.do(h, h.m.Leave(w.at(h)))
	if w.standing(0) {
		t.Error("it stands after it said that it leaves")
	}
	w.within(t, 400*time.Millisecond, 1, 2)
	w.run(200 * time.Millisecond)
	if !h.left || h.m.View() != nil {
		t.Error("it has not been told")
	}
	for i := 1; i < 3; i++ { // the last one needs nobody
		w.do(w.hosts[i], w.hosts[i].m.Leave(w.at(w.hosts[i])))
	}
	w.run(time.Second)
	if !w.hosts[1].left || !w.hosts[2].left {
		t.Error("the others have not left")
	}
}

// One that leaves still has a voice: it can go although another one is silent, and nobody else makes a majority.
func TestALeavingNodeVotes(t *testing.T) {
	w := cluster(t, 3)
	h := w.hosts[2]
	w.crash(1, false)
	w.do(h, h.m.Leave(w.at(h)))
	w.run(time.Second)
	if v := w.hosts[0].view(); !h.left || holds(v, h.m.Self().Id) {
		t.Errorf("left: %v, of %v", h.left, v)
	}
}

func TestRetire(t *testing.T) {
	w := cluster(t, 3)
	h := w.hosts[1]
	w.do(h, h.m.Retire(w.at(h)))
	w.run(400 * time.Millisecond)
	w.stands(t, 0, 1, 2)
	for i, x := range w.hosts[2].view().Members {
		if x.Retiring != (x.Id == h.m.Self().Id) {
			t.Errorf("member %d: %v", i, x)
		}
	}
}

// crashAt ends a host in the middle of what it proposes: it sends so many letters for which is true.
func (w *world) crashAt(i, sends int, is func(p *messages.Peer) bool) {
	w.spy = func(l *letter) {
		if l.from != i || !is(l.peer) {
			return
		}
		if sends--; sends < 0 {
			l.boots[0] = -1 // it is lost
			w.doomed = append(w.doomed, i)
		}
	}
}

func TestAProposerCrashes(t *testing.T) {
	accept := func(p *messages.Peer) bool { return p.GetAccept() != nil }
	told := func(p *messages.Peer) bool { return p.GetView() != nil }
	for name, c := range map[string]struct {
		sends int
		is    func(p *messages.Peer) bool
	}{
		"between phases":                {0, accept},
		"when one has been asked":       {1, accept},
		"when two have been asked":      {2, accept},
		"when it knows and nobody else": {0, told},
		"when one has been told":        {1, told},
	} {
		for _, certain := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, certain: %v", name, certain), func(t *testing.T) {
				w := cluster(t, 5)
				w.crashAt(0, c.sends, c.is)
				w.crash(4, true)
				for len(w.doomed) == 0 && w.now < 10*time.Second {
					w.step()
				}
				if w.spy = nil; len(w.doomed) == 0 {
					t.Fatal("it has not proposed")
				}
				w.crash(0, certain)
				w.within(t, map[bool]time.Duration{true: time.Second, false: 7 * time.Second}[certain], 1, 2, 3)
			})
		}
	}
}

// Whatever a machine hears first when its process goes on after a pause: first of all it has lost what it owned.
func TestPaused(t *testing.T) {
	for name, input := range map[string]func(w *world, m *view.Machine, now time.Duration) view.Out{
		"tick":   func(_ *world, m *view.Machine, now time.Duration) view.Out { return m.Tick(now) },
		"met":    func(w *world, m *view.Machine, now time.Duration) view.Out { return m.Met(now, w.hosts[0].m.Self()) },
		"dead":   func(_ *world, m *view.Machine, now time.Duration) view.Out { return m.Dead(now, address(0)) },
		"retire": func(_ *world, m *view.Machine, now time.Duration) view.Out { return m.Retire(now) },
		"view": func(w *world, m *view.Machine, now time.Duration) view.Out {
			return m.Heard(now, w.hosts[0].m.Self(), &messages.Peer{Body: &messages.Peer_View{View: w.hosts[0].view()}})
		},
		"beat": func(w *world, m *view.Machine, now time.Duration) view.Out {
			return m.Heard(now, w.hosts[0].m.Self(), beat(&messages.Beat{Sent: int64(w.now), Echo: int64(now)}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := cluster(t, 3)
			w.hosts[2].paused = true
			w.run(5 * time.Second)
			h := w.hosts[2]
			out := input(w, h.m, w.at(h))
			if len(out.Events) == 0 || out.Events[0].Kind != view.Fenced {
				t.Errorf("events: %v", out.Events)
			}
			w.do(h, out)
			w.heal(false)
			w.within(t, 4*time.Second, 0, 1, 2)
		})
	}
}

// A newcomer that has been told of its view by somebody who died since does not stand before the others know it.
func TestANewcomerWaitsForTheOthers(t *testing.T) {
	m := view.New(view.Config{Self: member(0, "n"), Expect: 2})
	b := &messages.Ballot{Round: 1, By: "a"}
	v := &messages.View{Number: 4, Ballot: b, Members: []*messages.Member{member(1, "a"), member(2, "b"), {Id: "n.1", Address: address(0)}}}
	now := time.Second
	m.Heard(now, member(2, "b"), beat(&messages.Beat{Sent: 1, Echo: int64(now), View: 3}))
	m.Heard(now, member(1, "a"), beat(&messages.Beat{Sent: 1, Echo: int64(now), View: 3}))
	m.Heard(now, member(1, "a"), &messages.Peer{Body: &messages.Peer_View{View: v}})
	if m.View() == nil || m.Standing(now) {
		t.Errorf("in %v, standing: %v", m.View(), m.Standing(now))
	}
	out := m.Heard(now+10, member(2, "b"), beat(&messages.Beat{Sent: 2, Echo: int64(now + 5), View: 3}))
	if !m.Standing(now+10) || len(out.Events) != 0 {
		t.Errorf("standing: %v, events: %v", m.Standing(now+10), out.Events)
	}
}

// A member agrees to nothing while somebody it has vouched for is ahead: what that one knows it is about to hear.
func TestWhoIsAheadIsWaitedFor(t *testing.T) {
	m := alone()
	now := 2 * time.Second
	m.Heard(now, member(1, "b"), beat(&messages.Beat{Sent: 1, View: 7}))
	m.Tick(now) // it is vouched for
	m.Heard(now, member(2, "c"), beat(&messages.Beat{Sent: 1}))
	m.Tick(now + time.Second)
	if n := m.View().Number; n != 1 {
		t.Errorf("it has made view %d", n)
	}
	m.Heard(now+4*time.Second, member(2, "c"), beat(&messages.Beat{Sent: 2}))
	m.Tick(now + 4*time.Second)
	if n := m.View().Number; n != 2 {
		t.Errorf("it is still in view %d", n)
	}
}
