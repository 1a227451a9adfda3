package view_test

import (
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/view"
)

// The judge finds what goes wrong in random schedules when leases outlive the wait.
func TestExpelShorterThanFence(t *testing.T) {
	hasty := func(n int) view.Config {
		return view.Config{Expect: n/2 + 1, Expel: 600 * time.Millisecond}
	}
	c := hasty(3)
	c.Self = member(0, "x")
	if c.Check() == nil {
		t.Error("nobody says that it cannot work")
	}
	for seed := range uint64(100) {
		if _, err := schedule(seed, hasty); err != nil {
			return
		}
	}
	t.Error("the judge finds nothing")
}

// What machines do when they are doctored is wrong, and right when they are not.
func TestDoctored(t *testing.T) {
	for name, c := range map[string]struct {
		n      int
		happen func(w *world)
		doctor func(w *world)
	}{
		"they vouch on after they have agreed": {
			n:      3,
			happen: func(w *world) { w.cut[[2]int{1, 2}] = true }, // 1 wants to go on without 2, which 0 hears
			doctor: vouchOn,
		},
		"less than half are a quorum": {
			n: 5,
			happen: func(w *world) {
				w.part(0, 1)
				w.do(w.hosts[0], w.hosts[0].m.Retire(w.at(w.hosts[0])))
			},
			doctor: sayYes,
		},
		"a certain death is none": {
			n: 3,
			doctor: func(w *world) {
				for range 30 {
					for _, h := range w.hosts[:2] {
						w.do(h, h.m.Dead(w.at(h), address(2)))
					}
					w.step()
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, doctored := range []bool{false, true} {
				w := newWorld(3, c.n, func(int) view.Config { return most(c.n) })
				for i := range c.n {
					w.start(i)
				}
				w.run(3 * time.Second)
				w.stands(t, all(c.n)...)
				if c.happen != nil {
					c.happen(w)
				}
				if doctored {
					c.doctor(w)
				}
				w.run(15 * time.Second)
				if (w.wrong != nil) != doctored {
					t.Errorf("doctored: %v, and the judge says: %v", doctored, w.wrong)
				}
			}
		})
	}
}

// vouchOn has members give back each clock that they hear, mute or not.
func vouchOn(w *world) {
	w.spy = func(l *letter) {
		if b := l.peer.GetBeat(); b != nil {
			b.Echo = b.Heard
		}
	}
}

// sayYes answers every proposal of host 0 in the name of those whom it asks.
func sayYes(w *world) {
	w.spy = func(l *letter) {
		yes := new(messages.Peer)
		if p := l.peer.GetPrepare(); p != nil {
			yes.Body = &messages.Peer_Promise{Promise: &messages.Promise{View: p.View, Ballot: p.Ballot}}
		} else if a := l.peer.GetAccept(); a != nil {
			yes.Body = &messages.Peer_Accepted{Accepted: &messages.Accepted{View: a.View, Ballot: a.Ballot}}
		} else {
			return
		}
		if h := w.hosts[l.from]; l.from == 0 {
			w.flight = append(w.flight, &letter{
				from: l.from, to: l.from, member: w.hosts[l.to].m.Self(), peer: yes, due: w.now, order: w.order, boots: [2]int{h.boots, h.boots},
			})
		}
	}
}
