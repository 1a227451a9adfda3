package actors_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// drain begins a drain and returns how it will have gone.
func (r *rig) drain(within time.Duration) <-chan drained {
	done := make(chan drained, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		d, err := r.tree.Drain(ctx)
		done <- drained{d, err}
	}()
	return done
}

// rest is all that the client is still sent, up to its end.
func (e *end) rest() (all []string) {
	e.hungUp()
	for len(e.out) > 0 {
		all = append(all, <-e.out...)
	}
	return all
}

type drained struct {
	actors.Drained
	err error
}

func TestADrainAnswersTellsAndCloses(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e, idle := r.dial(), r.dial()
		e.send("R 1 game.never x", "R 2 game.echo done")
		e.batch()
		begin := time.Now()
		done := r.drain(time.Minute)
		if got := idle.batch(); !slices.Equal(got, []string{"kick:draining"}) {
			t.Errorf("the idle client got %q", got)
		}
		if got := idle.hungUp(); got.Cause != messages.CauseDraining || got.RetryAfter != time.Second {
			t.Errorf("the idle client's end = %+v", got)
		}
		if d := time.Since(begin); d > 100*time.Millisecond {
			t.Errorf("the idle client waited for %v", d)
		}
		time.Sleep(time.Second)
		e.send("R 3 game.echo late") // nobody reads it any more
		if got := e.rest(); !slices.Equal(got, []string{"1!504", "kick:draining"}) {
			t.Errorf("the busy client got %q: want the answer, then the kick", got)
		}
		got := <-done
		if got.err != nil || got.Clients != 2 || got.Told != 2 || got.Unanswered != 0 || got.Unsent != 0 || got.Busy != 0 {
			t.Errorf("drained = %+v", got)
		}
		if got.Took != 10*time.Second {
			t.Errorf("it took %v, want the 10 s after which a request expires", got.Took)
		}
		if err := r.tree.Ready(); !errors.Is(err, actors.ErrStopping) {
			t.Errorf("Ready = %v", err)
		}
		<-r.tree.Done()
		if err := r.tree.Err(); err != nil {
			t.Errorf("Err = %v", err)
		}
		if _, err := r.tree.Groups(context.Background()); !errors.Is(err, actors.ErrStopping) {
			t.Errorf("Groups = %v", err)
		}
	})
}

func TestADrainWhoseTimeIsUpAnswersBusy(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.never x\nR 2 game.never x\nN game.never x")
		synctest.Wait()
		done := r.drain(2 * time.Second)
		if got := e.rest(); !slices.Equal(got, []string{"1!503", "2!503", "kick:draining"}) {
			t.Errorf("got %q", got)
		}
		if got := <-done; !errors.Is(got.err, actors.ErrHurried) || got.Busy != 2 || got.Told != 1 || got.Unanswered != 0 || got.Took != 2*time.Second {
			t.Errorf("drained = %+v", got)
		}
	})
}

func TestStopCutsADrainShort(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.never x")
		synctest.Wait()
		begin := time.Now()
		done := r.drain(time.Minute)
		time.Sleep(time.Second)
		r.tree.Stop()
		if got := <-done; !errors.Is(got.err, actors.ErrHurried) || time.Since(begin) != time.Second {
			t.Errorf("drained = %+v after %v", got, time.Since(begin))
		}
	})
}

func TestADrainAsksClientsInWaves(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		tree.Drain = actors.DrainPolicy{Rate: 10, RetryAfter: 3 * time.Second}
	}, func(r *rig) {
		var all []*end
		for range 20 {
			all = append(all, r.dial())
		}
		begin := time.Now()
		done := r.drain(time.Minute)
		var when []time.Duration
		for _, e := range all {
			if got := e.hungUp(); got.RetryAfter != 3*time.Second || got.Spread != 2*time.Second {
				t.Errorf("advice = %v and %v", got.RetryAfter, got.Spread)
			}
			ev := next[*messages.Closed](t, r.events)
			when = append(when, time.Duration(ev.Duration))
		}
		if d := (<-done).Took; d < 1800*time.Millisecond || d > 2100*time.Millisecond {
			t.Errorf("20 clients at 10 a second took %v", d)
		}
		slices.Sort(when)
		if half := when[10] - time.Duration(0); half < 900*time.Millisecond || half > 1200*time.Millisecond {
			t.Errorf("half had gone after %v of %v", half, time.Since(begin))
		}
	})
}

func TestNewcomersLearnThatTheServerDrains(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		p.shy = true
	}, func(r *rig) {
		e := r.dial()
		e.send("H me")
		e.batch()
		next[*messages.Connected](t, r.events)
		e.send("R 1 game.never x")
		synctest.Wait()
		done := r.drain(5 * time.Second)
		time.Sleep(time.Second)
		if err := r.tree.Ready(); !errors.Is(err, actors.ErrDraining) {
			t.Errorf("Ready = %v", err)
		}
		late := r.dial()
		late.send("H too late")
		if got := late.batch(); !slices.Equal(got, []string{"refused: code 503: draining"}) {
			t.Errorf("the newcomer got %q", got)
		}
		if got := late.hungUp(); got.Cause != messages.CauseRefused {
			t.Errorf("the newcomer's end = %v", got)
		}
		if got := <-done; got.Clients != 1 || got.Told != 1 {
			t.Errorf("drained = %+v", got)
		}
	})
}

func TestProgressIsTold(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.never x")
		synctest.Wait()
		progress := make(chan string, 10)
		r.system.EventStream.Subscribe(func(ev any) {
			if p, ok := ev.(*messages.Draining); ok {
				progress <- fmt.Sprint(p.Clients, p.Left, p.InFlight)
			}
		})
		<-r.drain(time.Second)
		var told []string
		for len(progress) > 0 {
			told = append(told, <-progress)
		}
		if want := []string{"1 1 1", "1 1 1", "1 1 1", "1 1 1"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

// A second drain waits for the end of the first, and hurries it when its own time is up.
func TestTwoDrainsAreOne(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.never x")
		synctest.Wait()
		first, second := r.drain(time.Minute), r.drain(time.Second)
		a, b := <-first, <-second
		if a.Drained != b.Drained || a.Took != time.Second {
			t.Errorf("first %+v, second %+v", a, b)
		}
	})
}

// What the reader has read and has no room for is answered too, when time is up.
func TestADrainAnswersAPausedReader(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.InFlight = 1 }, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.never x\nR 2 game.echo x\nR 3 game.never x")
		synctest.Wait()
		done := r.drain(time.Second)
		got := e.rest()
		slices.Sort(got[:max(len(got)-1, 0)]) // what had no room is not behind what had
		if !slices.Equal(got, []string{"1!503", "2!503", "3!503", "kick:draining"}) {
			t.Errorf("got %q", got)
		}
		if got := <-done; got.Busy != 3 || got.Told != 1 || got.Unanswered != 0 {
			t.Errorf("drained = %+v", got)
		}
	})
}

// A client that is asked to go is not read, so it cannot show life.
func TestADrainingClientIsNotSilent(t *testing.T) {
	bubble(t, func(tree *actors.Tree, p *place) { withGame(tree, p); p.silence = 3 * time.Second }, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.never x")
		synctest.Wait()
		r.drain(time.Minute)
		if got := e.rest(); !slices.Equal(got, []string{"1!504", "kick:draining"}) {
			t.Errorf("got %q", got)
		}
	})
}

// Who hears of a drain may stop it.
func TestStopInACallback(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		e.send("R 1 game.never x")
		synctest.Wait()
		r.system.EventStream.Subscribe(func(ev any) {
			if _, ok := ev.(*messages.Draining); ok {
				r.tree.Stop()
			}
		})
		if got := <-r.drain(time.Hour); !errors.Is(got.err, actors.ErrHurried) || got.Took > 10*time.Second {
			t.Errorf("drained = %+v", got)
		}
	})
}

// Any kick may say when to come back.
func TestAKickCarriesItsAdviceToTheWire(t *testing.T) {
	bubble(t, withGame, func(r *rig) {
		e := r.dial()
		r.system.Root.Send(e.session.Socket, &messages.Kick{Reason: "later", RetryAfterMs: 1500, SpreadMs: 250})
		if got := e.hungUp(); got.RetryAfter != 1500*time.Millisecond || got.Spread != 250*time.Millisecond {
			t.Errorf("advice = %v and %v", got.RetryAfter, got.Spread)
		}
	})
}
