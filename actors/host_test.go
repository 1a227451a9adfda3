package actors_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/messages"
)

// town says who lives where, and knows who has moved in and out.
type town struct {
	mu    sync.Mutex
	owner map[string]actors.Ownership // Mine by default
	lives map[string]int

	crowded bool // somebody has lived twice
}

func (w *town) owns(identity string) actors.Ownership {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o, ok := w.owner[identity]; ok {
		return o
	}
	return actors.Ownership{Mine: true}
}

func (w *town) says(identity string, o actors.Ownership) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.owner == nil {
		w.owner = map[string]actors.Ownership{}
	}
	w.owner[identity] = o
}

func (w *town) moves(identity string, in int) (lives int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lives == nil {
		w.lives = map[string]int{}
	}
	w.lives[identity] += in
	w.crowded = w.crowded || w.lives[identity] > 1
	return w.lives[identity]
}

// rooms leads "room.name who body" to the virtual actor of who.
func rooms(tree *actors.Tree, p *place) {
	tree.Routes = []actors.Route{actors.Elsewhere("room", func(r *messages.Request) (actors.Away, error) {
		r.Identity, _, _ = strings.Cut(string(r.Body), ":")
		return actors.Away{PID: actor.NewPID("near:1", actors.HostName("room", actors.HostShard(r.Identity)))}, nil
	})}
}

// room answers with whose it is, and how many requests it has had. Its bubble may have to wait.
func room(identity string) *actors.Handlers {
	n, h := 0, actors.NewRoute("room")
	actors.HandleRaw(h, "count", func(c *actors.Context, _ []byte) ([]byte, error) {
		n++
		return fmt.Append(nil, c.Identity(), n), nil
	})
	actors.HandleRaw(h, "panic", func(*actors.Context, []byte) ([]byte, error) { panic("as asked") })
	actors.HandleRaw(h, "wait", func(*actors.Context, []byte) ([]byte, error) { time.Sleep(time.Second); return nil, nil })
	return h
}

// cave is a room that is an actor of the user's.
type cave struct {
	town *town
	n    int
}

// Receive takes its time to stop, in a bubble.
func (v *cave) Receive(c actor.Context) {
	identity := actors.HostIdentity(c.Self())
	switch m := c.Message().(type) {
	case *actor.Started:
		v.town.moves(identity, 1)
	case *actor.Stopping:
		time.Sleep(100 * time.Millisecond)
	case *actor.Restarting, *actor.Stopped:
		v.town.moves(identity, -1)
	case *messages.Request:
		switch m.Route {
		case "room.panic":
			panic("as asked")
		case "room.wait":
			time.Sleep(time.Second)
		case "room.leave":
			c.Stop(c.Self())
		}
		v.n++
		c.Respond(m.Reply(fmt.Append(nil, identity, v.n)))
	}
}

// hosting runs f for virtual actors of both sorts.
func hosting(t *testing.T, tune func(*actors.HostConfig), f func(r *rig, h *actors.Host, w *town)) {
	t.Helper()
	for _, sort := range []string{"handlers", "actors"} {
		t.Run(sort, func(t *testing.T) {
			bubble(t, rooms, func(r *rig) {
				r.near()
				w := &town{}
				c := actors.HostConfig{Owns: w.owns}
				if sort == "handlers" {
					c.Handlers = room
				} else {
					c.Props = actor.PropsFromProducer(func() actor.Actor { return &cave{town: w} })
				}
				if tune != nil {
					tune(&c)
				}
				h, err := r.tree.Host("room", c)
				if err != nil {
					t.Fatal(err)
				}
				f(r, h, w)
			})
		})
	}
}

func TestAVirtualActorIsMadeWhenFirstAsked(t *testing.T) {
	hosting(t, nil, func(r *rig, h *actors.Host, _ *town) {
		e := r.dial()
		for _, step := range [][2]string{
			{"room.count ann", "=ann1"},
			{"room.count ann", "=ann2"},
			{"room.count bob", "=bob1"},
			{"room.count a/b", "=a/b1"},
			{"room.panic ann", "!500"},
			{"room.count", "!500"}, // nobody's
		} {
			if got := e.asks(step[0]); got != step[1] {
				t.Errorf("%s: %q, want %q", step[0], got, step[1])
			}
		}
		if got := h.Actors(); got != 3 {
			t.Errorf("%d actors, want 3", got)
		}
	})
}

func TestARequestForAnotherNodeIsSentOn(t *testing.T) {
	hosting(t, nil, func(r *rig, h *actors.Host, w *town) {
		far := r.far("far:1")
		d := newDeskAt(far, actors.HostName("room", actors.HostShard("ann")))
		w.says("ann", actors.Ownership{Address: "far:1"})
		e := r.dial()
		e.send("R 1 room.count ann")
		synctest.Wait()
		q := d.next(t)
		if q.Hops != 1 || q.Identity != "ann" {
			t.Errorf("request = %v", q.Request)
		}
		q.answer("there")
		if got := e.batch(); !slices.Equal(got, []string{"1=there"}) {
			t.Errorf("batch = %q", got)
		}
		e.send("R 2 room.count ann")
		synctest.Wait()
		q = d.next(t)
		r.tree.Lost("far:1") // which is where it has gone, though it was found here
		if got := e.batch(); !slices.Equal(got, []string{"2!502"}) {
			t.Errorf("batch = %q", got)
		}
		q.Hops = 3
		far.Root.Send(actor.NewPID("near:1", d.pid.Id), &actor.MessageEnvelope{Message: q.Request, Sender: d.pid})
		if _, err := h.PID(context.Background(), "ann"); !errors.Is(err, actors.ErrElsewhere) {
			t.Errorf("PID: %v", err)
		}
		if len(d.got) > 0 {
			t.Errorf("sent on once too often: %v", d.next(t))
		}
	})
}

func TestWhatIsSentOnForOthersIsAnsweredWhenItIsLost(t *testing.T) {
	hosting(t, nil, func(r *rig, _ *actors.Host, w *town) {
		far, third := r.far("far:1"), r.far("third:1")
		name := actors.HostName("room", actors.HostShard("ann"))
		d := newDeskAt(third, name)
		answers := make(chan any, 4)
		gate := far.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
			if m, ok := ctx.Message().(*messages.Response); ok {
				answers <- m
			}
		}))
		w.says("ann", actors.Ownership{Address: "third:1"})
		ask := &messages.Request{Seq: 7, Route: "room.count", Identity: "ann"}
		far.Root.Send(actor.NewPID("near:1", name), &actor.MessageEnvelope{Message: ask, Sender: gate})
		synctest.Wait()
		d.next(t)
		r.tree.Lost("elsewhere:1")
		synctest.Wait()
		if len(answers) > 0 {
			t.Errorf("answered %v, though its node is there", <-answers)
		}
		r.tree.Lost("third:1")
		r.tree.Lost("third:1")
		synctest.Wait()
		if len(answers) != 1 {
			t.Fatalf("%d answers, want 1", len(answers))
		}
		if m := (<-answers).(*messages.Response); m.Seq != 7 || m.Error.GetCode() != messages.CodeUnavailable {
			t.Errorf("answered %v, want 502 to 7", m)
		}
	})
}

func TestRequestsWaitUntilItIsKnownWhoOwns(t *testing.T) {
	hosting(t, func(c *actors.HostConfig) { c.Waiting = 2 }, func(r *rig, h *actors.Host, w *town) {
		e := r.dial()
		w.says("ann", actors.Ownership{})
		e.send("R 1 room.count ann", "R 2 room.count ann", "R 3 room.count ann")
		if got := e.batch(); !slices.Equal(got, []string{"3!502"}) {
			t.Errorf("with two waiting the third is answered %q", got)
		}
		w.says("ann", actors.Ownership{Mine: true})
		if err := h.Moved(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := e.gathers(2); !slices.Equal(got, []string{"1=ann1", "2=ann2"}) {
			t.Errorf("got %q", got)
		}
		w.says("bob", actors.Ownership{})
		begun := time.Now()
		if got := e.asks("room.count bob"); got != "!502" || time.Since(begun).Truncate(time.Millisecond) != 3*time.Second {
			t.Errorf("after %v: %q", time.Since(begun), got)
		}
		e.send("R 5 room.count bob")
		synctest.Wait()
		if err := h.StopAll(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := e.batch(); !slices.Equal(got, []string{"5!502"}) || h.Actors() != 0 {
			t.Errorf("StopAll: %q, and %d actors", got, h.Actors())
		}
	})
}

// gathers is what comes until there are n messages.
func (e *end) gathers(n int) (got []string) {
	e.t.Helper()
	for len(got) < n {
		got = append(got, e.batch()...)
	}
	return got
}

func TestWhatAMovedActorHadToDoIsSentOnInOrder(t *testing.T) {
	hosting(t, nil, func(r *rig, h *actors.Host, w *town) {
		d := newDeskAt(r.far("far:1"), actors.HostName("room", actors.HostShard("ann")))
		e := r.dial()
		e.asks("room.count bob")
		e.send("R 1 room.wait ann", "R 2 room.count ann", "R 3 room.count ann")
		synctest.Wait()
		w.says("ann", actors.Ownership{Address: "far:1"})
		go func() {
			time.Sleep(500 * time.Millisecond)
			e.send("R 4 room.count ann")
		}()
		if err := h.Moved(context.Background()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for want := range 3 {
			if q := d.next(t); q.Id != uint64(want+2) || q.Hops != 1 {
				t.Errorf("request %v was sent on, want %d", q.Request, want+2)
			}
		}
		if got := e.batch(); !strings.HasPrefix(got[0], "1=") {
			t.Errorf("what was being done: %q", got)
		}
		if got := e.asks("room.count bob"); got != "=bob2" || h.Actors() != 1 {
			t.Errorf("who has stayed: %q, and %d actors", got, h.Actors())
		}
	})
}

func TestMovedWaitsNoLongerThanItMay(t *testing.T) {
	hosting(t, nil, func(r *rig, h *actors.Host, w *town) {
		e := r.dial()
		e.send("R 1 room.wait ann")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		if err := h.StopAll(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("StopAll: %v", err)
		}
		e.send("R 2 room.count ann") // for a fresh one, when the old one has stopped
		if got := e.gathers(2); !strings.HasPrefix(got[0], "1=") || got[1] != "2=ann1" {
			t.Errorf("then: %q", got)
		}
	})
}

func TestIdleActorsStop(t *testing.T) {
	hosting(t, func(c *actors.HostConfig) { c.Idle = time.Minute }, func(r *rig, h *actors.Host, _ *town) {
		e := r.dial()
		e.asks("room.count ann")
		for range 10 {
			time.Sleep(20 * time.Second)
			e.asks("room.count bob")
		}
		if got := h.Actors(); got != 1 {
			t.Errorf("%d actors, want bob's", got)
		}
		if got := e.asks("room.count bob") + e.asks("room.count ann"); got != "=bob11=ann1" {
			t.Errorf("answers %q", got)
		}
		time.Sleep(80 * time.Second)
		synctest.Wait()
		if got := h.Actors(); got != 0 {
			t.Errorf("%d actors, want none", got)
		}
	})
}

func TestThereAreNotTooManyVirtualActors(t *testing.T) {
	hosting(t, func(c *actors.HostConfig) { c.Most = 1 }, func(r *rig, h *actors.Host, w *town) {
		e := r.dial()
		if got := e.asks("room.count ann") + e.asks("room.count bob"); got != "=ann1!503" {
			t.Errorf("answers %q", got)
		}
		pid, err := h.PID(context.Background(), "ann")
		if err != nil || actors.HostIdentity(pid) != "ann" {
			t.Errorf("PID: %v, %v", pid, err)
		}
		if _, err = h.PID(context.Background(), "bob"); messages.AsError(err).Code != messages.CodeBusy {
			t.Errorf("PID: %v", err)
		}
		r.system.Root.Stop(pid) // by somebody else
		synctest.Wait()
		time.Sleep(time.Second)
		if got := e.asks("room.count bob"); got != "=bob1" {
			t.Errorf("with room: %q", got)
		}
	})
}

func TestAVirtualActorMayStopItself(t *testing.T) {
	hosting(t, nil, func(r *rig, h *actors.Host, _ *town) {
		if strings.Contains(r.t.Name(), "handlers") { // they cannot
			return
		}
		e := r.dial()
		e.send("R 1 room.leave ann", "R 2 room.count ann", "R 3 room.count ann")
		if got := e.gathers(3); !slices.Equal(got, []string{"1=ann1", "2=ann1", "3=ann2"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestAHostsShardIsReplaced(t *testing.T) {
	hosting(t, nil, func(r *rig, h *actors.Host, _ *town) {
		e := r.dial()
		e.asks("room.count ann")
		r.system.Root.Stop(actor.NewPID("near:1", actors.HostName("room", actors.HostShard("ann"))))
		synctest.Wait()
		time.Sleep(time.Second)
		if got := e.asks("room.count ann"); got != "=ann1" || h.Actors() != 1 {
			t.Errorf("then: %q, and %d actors", got, h.Actors())
		}
	})
}

func TestAHostEndsWithItsTree(t *testing.T) {
	hosting(t, nil, func(r *rig, h *actors.Host, w *town) {
		e := r.dial()
		e.asks("room.count ann")
		if _, err := r.tree.Host("room", actors.HostConfig{Handlers: room, Owns: w.owns}); err == nil {
			t.Error("a second host of that kind: no error")
		}
		r.tree.Stop()
		if _, ok := r.system.ProcessRegistry.GetLocal(actors.HostName("room", 0)); ok || w.moves("ann", 0) != 0 {
			t.Error("something is left")
		}
		if _, err := r.tree.Host("other", actors.HostConfig{Handlers: room, Owns: w.owns}); !errors.Is(err, actors.ErrStopping) {
			t.Errorf("after the end: %v", err)
		}
		if err := h.Moved(context.Background()); !errors.Is(err, actors.ErrStopping) {
			t.Errorf("Moved: %v", err)
		}
	})
}

func TestAHostNeedsToKnowWhatToKeep(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		w := &town{}
		for name, c := range map[string]actors.HostConfig{
			"":      {Owns: w.owns, Handlers: room},
			"a/b":   {Owns: w.owns, Handlers: room},
			"none":  {Owns: w.owns},
			"both":  {Owns: w.owns, Handlers: room, Props: actor.PropsFromFunc(func(actor.Context) {})},
			"owner": {Handlers: room},
		} {
			if _, err := r.tree.Host(name, c); err == nil {
				t.Errorf("%q: no error", name)
			}
		}
	})
}

func TestAVirtualActorThatFailsTooOftenIsMadeAnew(t *testing.T) {
	hosting(t, nil, func(r *rig, h *actors.Host, _ *town) {
		e := r.dial()
		var asks, want []string
		for i := range 12 {
			asks = append(asks, fmt.Sprintf("R %d room.panic ann", i))
			want = append(want, fmt.Sprintf("%d!500", i))
		}
		if strings.Contains(r.t.Name(), "handlers") { // a client that makes them panic is sent away
			asks, want = asks[:4], want[:4]
		}
		e.send(append(asks, "R 20 room.count ann")...)
		if got := e.gathers(len(want) + 1); !slices.Equal(got[:len(want)], want) || got[len(want)] != "20=ann1" {
			t.Errorf("got %q", got)
		}
		if got := h.Actors(); got != 1 {
			t.Errorf("%d actors, want 1", got)
		}
	})
}
