package actors_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// What is promised of order and groups holds in random schedules: 1,000 of them, 100 with
// -short, or as many as -rapid.checks says. 10,000 take some ten seconds, with -race a minute:
//
//	go test ./actors -run TestSchedules -rapid.checks=10000
//
// A schedule that fails is made smaller and printed, with the flag that runs it again. What
// it does is the same each time; who of several senders comes first is not, so that a
// rare failure may need -count=100 as well.
func TestSchedules(t *testing.T) {
	if testing.Short() {
		checks(t, "100")
	} else {
		checks(t, "1000")
	}
	h := &house{t: t}
	defer h.close()
	rapid.Check(t, func(r *rapid.T) {
		s := schedules.Draw(r, "schedule")
		got, err := h.perform(s)
		if err == nil {
			err = got.judge()
		}
		if err != nil {
			h.close()
			r.Fatalf("%v\n%v", err, got)
		}
	})
}

// checks is how often rapid checks when nobody says how often.
func checks(t *testing.T, n string) {
	said := os.Getenv("RAPID_CHECKS") != ""
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "rapid.checks" })
	if said {
		return
	}
	v := flag.Lookup("rapid.checks").Value
	before := v.String()
	t.Cleanup(func() { _ = v.Set(before) })
	if err := v.Set(n); err != nil {
		t.Fatal(err)
	}
}

func TestSchedulesThatOnceFailed(t *testing.T) {
	for name, s := range map[string]schedule{
		"a push that finds its socket busy is not overtaken by a group push": {
			Seats: []int{0, 0b001},
			Rounds: []round{{Actions: []action{
				{Do: ask, Client: 1, End: answer},
				{Do: ask, Route: 1, Script: []op{{Do: nap}, {Do: push, Who: 1}, {Do: groupPush}}, End: answer},
			}}},
		},
		"pushes with the same key to a client, a group and all replace nothing of each other": {
			Seats: []int{0b011},
			Rounds: []round{
				{Settle: true, Actions: []action{{Do: outside, Script: []op{{Do: groupKeyed}, {Do: groupKeyed, Group: 1}, {Do: allKeyed}}}}},
				{Actions: []action{{Do: outside, Script: []op{{Do: pushKeyed}}}}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &house{t: t}
			defer h.close()
			got, err := h.perform(s)
			if err == nil {
				err = got.judge()
			}
			if err != nil {
				t.Errorf("%v\n%v", err, got)
			}
		})
	}
}

// playsOnAStage is how many schedules one tree serves: starting one costs as much as some
// of them, and what one leaves behind is not to go unnoticed for long.
const playsOnAStage = 100

// house keeps a stage for each tick, each in a bubble of its own.
type house struct {
	t      *testing.T
	stages map[bool]*bubbled
}

// bubbled is a stage in a bubble. Its channels are made outside, so that time stands still
// within while it waits for the next schedule.
type bubbled struct {
	plays chan schedule
	done  chan *history
	left  int
}

func (h *house) perform(s schedule) (*history, error) {
	b := h.stages[s.Direct]
	if b == nil {
		b = h.open(s.Direct)
	}
	b.plays <- s
	select {
	case got, ok := <-b.done:
		if !ok {
			delete(h.stages, s.Direct)
			return nil, errors.New("the bubble broke")
		}
		if b.left--; b.left == 0 {
			b.close()
			delete(h.stages, s.Direct)
		}
		return got, nil
	case <-time.After(time.Minute):
		panic(fmt.Sprintf("a schedule hangs: %#v", s))
	}
}

func (h *house) open(direct bool) *bubbled {
	b := &bubbled{make(chan schedule), make(chan *history), playsOnAStage}
	if h.stages == nil {
		h.stages = map[bool]*bubbled{}
	}
	h.stages[direct] = b
	go func() {
		defer close(b.done)
		defer func() {
			if p := recover(); p != nil { // all in it wait for ever, or outlive it
				h.t.Errorf("the bubble broke: %v", p)
			}
		}()
		synctest.Test(h.t, func(t *testing.T) {
			s := newStage(t, direct)
			defer s.close()
			for p := range b.plays {
				b.done <- s.perform(p)
			}
		})
	}()
	return b
}

// close takes the stage down.
func (b *bubbled) close() {
	close(b.plays)
	for range b.done {
	}
}

func (h *house) close() {
	for direct, b := range h.stages {
		b.close()
		delete(h.stages, direct)
	}
}
