package actors_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// bringer is an end whose Conn brings what its client sends, on one goroutine after another.
type bringer struct {
	*end
	to    connectors.Sink
	lends bool
}

func (b *bringer) Deliver(to connectors.Sink) {
	b.to = to
	go b.bring()
}

func (b *bringer) bring() {
	frames, err := b.ReadFrames()
	if !b.lends {
		if b.to.Take(frames, err) {
			go b.bring()
		}
		return
	}
	var turn connectors.Turn
	if turn.Take(b.to, frames, err) {
		go b.bring()
	}
	turn.Do()
}

// hand is an end whose Conn brings what the test has it bring.
type hand struct {
	*end
	connectors.Sink
	way atomic.Pointer[string] // its transport, if it has moved
	bad bool                   // Deliver panics
}

func (h *hand) Deliver(to connectors.Sink) {
	if h.bad {
		panic("in Deliver")
	}
	h.Sink = to
}

func (h *hand) Transport() string {
	if way := h.way.Load(); way != nil {
		return *way
	}
	return h.end.Transport()
}

// move has the client come over to another transport.
func (h *hand) move(to string) {
	h.way.Store(&to)
	h.Moved()
}

// take brings lines and err on a goroutine, and returns what becomes of it.
func (h *hand) take(lines string, err error) <-chan bool {
	more := make(chan bool, 1)
	go func() { more <- h.Take(cut(lines), err) }()
	synctest.Wait()
	return more
}

// byHand is a bubble with a client that sends nothing by itself.
func byHand(t *testing.T, tune func(*actors.Tree, *place), f func(r *rig, h *hand)) {
	t.Helper()
	bubbleOf(t, brought, tune, func(r *rig) {
		h := &hand{end: r.newEnd()}
		r.enter(h, h.end)
		synctest.Wait()
		f(r, h)
	})
}

// held tells whether a Take is under way.
func held(more <-chan bool) bool { return len(more) == 0 }

func TestTakesFollowEachOther(t *testing.T) {
	bubbleOf(t, brought, withGame, func(r *rig) {
		e := r.dial()
		want := make([]string, 500)
		for i := range want {
			e.send(fmt.Sprintf("R %d game.echo x", i))
			want[i] = fmt.Sprintf("%d=x", i)
		}
		var got []string
		for len(got) < len(want) {
			got = append(got, e.batch()...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("answers %q", got)
		}
	})
}

func TestATakeIsHeldUntilThereIsRoom(t *testing.T) {
	byHand(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.InFlight = 2 }, func(_ *rig, h *hand) {
		begin := time.Now()
		more := h.take("R 1 game.never x\nR 2 game.never x\nR 3 game.echo x", nil)
		if !held(more) {
			t.Error("three are in flight where two may be")
		}
		if !<-more || time.Since(begin) != 10*time.Second {
			t.Errorf("let go after %v, want the 10 s after which a request expires", time.Since(begin))
		}
		var got []string
		for len(got) < 3 {
			got = append(got, h.batch()...)
		}
		if slices.Sort(got); !slices.Equal(got, []string{"1!504", "2!504", "3=x"}) {
			t.Errorf("answers %q", got)
		}
	})
}

func TestATakeIsSlowedDownToTheRate(t *testing.T) {
	byHand(t, func(tree *actors.Tree, p *place) {
		withGame(tree, p)
		tree.Rate = actors.Rate{PerSecond: 1, Burst: 1}
	}, func(_ *rig, h *hand) {
		begin := time.Now()
		if <-h.take("N game.echo x\nN game.echo x\nN game.echo x", nil); time.Since(begin).Round(time.Millisecond) != 2*time.Second {
			t.Errorf("three at one a second were taken in %v", time.Since(begin))
		}
	})
}

func TestATakeBringsTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		lines string
		err   error
		want  messages.Cause
	}{
		"of a client that has left": {"R 1 game.echo x", io.EOF, messages.CauseClient},
		"by itself":                 {"", connectors.ErrTooLarge, messages.CauseTooLarge},
		"of a wire":                 {"", errors.New("no route to host"), messages.CauseNetwork},
		"by the protocol":           {"bad", nil, messages.CauseMalformed},
		"though the protocol panics with its frames": {"panic", io.EOF, messages.CauseClient},
	} {
		t.Run(name, func(t *testing.T) {
			byHand(t, withGame, func(r *rig, h *hand) {
				if <-h.take(c.lines, c.err) {
					t.Error("more is wanted")
				}
				if got := h.hungUp().Cause; got != c.want {
					t.Errorf("cause = %v, want %v", got, c.want)
				}
				read := next[*messages.Closed](t, r.events).BytesIn
				if <-h.take("R 2 game.echo x", nil) || len(h.take("R 3 game.echo x", io.EOF)) != 1 {
					t.Error("more is taken after the end")
				}
				if want := uint64(len(c.lines)); read != want {
					t.Errorf("%d bytes read, want %d", read, want)
				}
			})
		})
	}
}

func TestAHeldTakeEndsWithItsClient(t *testing.T) {
	for name, end := range map[string]func(r *rig, h *hand){
		"who is kicked":           func(r *rig, h *hand) { r.system.Root.Send(h.session.Socket, &messages.Kick{}) },
		"whose actor is stopped":  func(r *rig, h *hand) { r.system.Root.Stop(h.session.Socket) },
		"when the server stops":   func(r *rig, _ *hand) { r.tree.Stop() },
		"who has left meanwhile":  func(_ *rig, h *hand) { h.take("", io.EOF) },
		"when another one begins": func(_ *rig, h *hand) { h.take("R 9 game.echo x", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			byHand(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.InFlight = 1 }, func(r *rig, h *hand) {
				more := h.take("R 1 game.never x\nR 2 game.never x", nil)
				if !held(more) {
					t.Fatal("it is not held")
				}
				begin := time.Now()
				end(r, h)
				h.hungUp()
				if <-more || time.Since(begin) > time.Second {
					t.Errorf("more is wanted, or it was held for %v", time.Since(begin))
				}
				if failed := r.tree.Stats().Faults[messages.FaultConn]; failed != 0 && name != "when another one begins" {
					t.Errorf("%d faults of the Conn's", failed)
				}
			})
		})
	}
}

// A Conn that brings things side by side would upset the order, and is lost alone.
func TestASecondTakeIsTheConnsFault(t *testing.T) {
	byHand(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.InFlight = 1 }, func(r *rig, h *hand) {
		told := r.faultsOn()
		h.take("R 1 game.never x\nR 2 game.never x", nil)
		h.take("R 3 game.never x", nil)
		if got := h.hungUp().Cause; got != messages.CauseFailed {
			t.Errorf("cause = %v, want failed", got)
		}
		if got := told(); len(got) != 1 || !strings.Contains(got[0], "Take while another one is under way") {
			t.Errorf("faults %q", got)
		}
	})
}

func TestAPanicInATakeIsTheSockets(t *testing.T) {
	byHand(t, withGame, func(r *rig, h *hand) {
		for i := range 2 {
			if !<-h.take(fmt.Sprintf("R 1 game.echo a\npanic\nR %d game.echo b", 2+i), nil) {
				t.Error("no more is wanted after a panic")
			}
			var got []string
			for len(got) < 2 {
				got = append(got, h.batch()...)
			}
			if want := []string{"1=a", fmt.Sprintf("%d=b", 2+i)}; !slices.Equal(got, want) {
				t.Errorf("answers %q, want %q", got, want)
			}
		}
		h.take("panic", nil)
		if got := h.hungUp().Cause; got != messages.CauseFailed || r.tree.Stats().Faults[messages.FaultSocket] != 3 {
			t.Errorf("the third panic ends with %v", got)
		}
	})
}

// What panics outside Feed costs what is left of the frames, but not the error behind them.
func TestAPanicInATakeDoesNotHideTheEnd(t *testing.T) {
	bubbleOf(t, brought, func(_ *actors.Tree, p *place) { p.shy, p.rude = true, true }, func(r *rig) {
		h := &hand{end: r.newEnd()}
		r.enter(h, h.end)
		synctest.Wait()
		if !<-h.take("H", nil) {
			t.Error("no more is wanted after a panic")
		}
		if <-h.take("H", io.EOF) {
			t.Error("more is wanted after the end")
		}
		if got := h.hungUp().Cause; got != messages.CauseClient || r.tree.Stats().Faults[messages.FaultSocket] != 2 {
			t.Errorf("cause = %v, want that the client has left", got)
		}
	})
}

func TestAPanicInDeliverIsTheConns(t *testing.T) {
	bubbleOf(t, brought, withGame, func(r *rig) {
		h, other := &hand{end: r.newEnd(), bad: true}, r.dial()
		r.enter(h, h.end)
		if got := h.hungUp().Cause; got != messages.CauseFailed {
			t.Errorf("cause = %v, want failed", got)
		}
		other.send("R 1 game.echo fine")
		if got := other.batch(); !slices.Equal(got, []string{"1=fine"}) {
			t.Errorf("neighbour got %q", got)
		}
	})
}

// A conversation that ends as it begins is not delivered to.
func TestNobodyIsToldOfASinkThatWantsNothing(t *testing.T) {
	bubbleOf(t, brought, func(_ *actors.Tree, p *place) { p.full = true }, func(r *rig) {
		h := &hand{end: r.newEnd()}
		r.place.conns <- h
		if h.hungUp(); h.Sink != nil {
			t.Error("Deliver was called")
		}
	})
}

func TestAClientThatMovesHasANewSession(t *testing.T) {
	bubbleOf(t, brought, func(tree *actors.Tree, p *place) {
		p.shy = true
		tree.Routes = []actors.Route{actors.RouteFunc("far", func(*messages.Session, string) *actor.PID { return p.far })}
	}, func(r *rig) {
		far := newProbe(r.system)
		r.place.far = far.pid
		h := &hand{end: r.newEnd()}
		r.enter(h, h.end)
		synctest.Wait()
		h.move("polling")
		h.take("H", nil)
		in := next[*messages.Connected](t, r.events).Session
		h.take("N far.x", nil)
		h.move("websocket")
		h.take("N far.x", nil)
		for i, want := range []string{"polling", "websocket"} {
			if s := next[*messages.Request](t, far).Session; s.Transport != want || s.Id != in.Id {
				t.Errorf("request %d came by %q, want %q", i, s.Transport, want)
			}
		}
		if in.Transport != "polling" {
			t.Errorf("a session has changed: %v", in)
		}
		h.take("", io.EOF)
		if s := next[*messages.Closed](t, r.events).Session; s.Transport != "websocket" {
			t.Errorf("it left by %q", s.Transport)
		}
		h.move("nothing")
	})
}

// What has been taken when a drain begins is answered, and nothing is taken any more.
func TestADrainAnswersWhatATakeHolds(t *testing.T) {
	byHand(t, func(tree *actors.Tree, p *place) { withGame(tree, p); tree.InFlight = 1 }, func(r *rig, h *hand) {
		more := h.take("R 1 game.never x\nR 2 game.echo x\nR 3 game.echo x", nil)
		done := r.drain(time.Minute)
		synctest.Wait()
		if !held(more) {
			t.Error("it is held no longer")
		}
		got := h.rest()
		slices.Sort(got[:len(got)-1]) // whether the answer that time has given comes first nobody promises
		if !slices.Equal(got, []string{"1!504", "2=x", "3=x", "kick:draining"}) {
			t.Errorf("got %q", got)
		}
		if <-more || <-h.take("R 4 game.echo x", nil) {
			t.Error("more is wanted")
		}
		if got := <-done; got.err != nil || got.Told != 1 || got.Unanswered != 0 || got.Busy != 0 {
			t.Errorf("drained = %+v", got)
		}
	})
}

// A stop waits for a Take that is under way, whatever holds it.
func TestAStopWaitsForATake(t *testing.T) {
	byHand(t, func(tree *actors.Tree, _ *place) {
		tree.Routes = []actors.Route{actors.RouteFunc("slow", func(*messages.Session, string) *actor.PID {
			time.Sleep(3 * time.Second)
			return nil
		})}
	}, func(r *rig, h *hand) {
		begin := time.Now()
		more := h.take("N slow.x", nil)
		r.tree.Stop()
		if <-more; time.Since(begin) != 3*time.Second {
			t.Errorf("stopped after %v, want 3s", time.Since(begin))
		}
	})
}
