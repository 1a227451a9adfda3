package actors

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

func TestRingKeepsOrderAndGivesMemoryBack(t *testing.T) {
	var r ring[any]
	next, want := 0, 0
	for round := range 300 {
		for range round % 17 {
			r.push(next)
			next++
		}
		for range round % 13 {
			if r.n > 0 {
				if got := r.pop(); got != want {
					t.Fatalf("popped %v, want %d", got, want)
				}
				want++
			}
		}
	}
	for r.n > 0 {
		if got := r.pop(); got != want {
			t.Fatalf("popped %v, want %d", got, want)
		}
		want++
	}
	if r.many != nil || r.few != [2]any{} {
		t.Errorf("an empty ring holds %v, %v", r.many, r.few)
	}
}

// script is an invoker that records, and fails as told.
type script struct {
	mu       sync.Mutex
	user     []any
	system   []any
	failures []any
	onUser   func(any)
}

func (s *script) InvokeUserMessage(m any) {
	s.mu.Lock()
	s.user = append(s.user, m)
	s.mu.Unlock()
	if s.onUser != nil {
		s.onUser(m)
	}
}

func (s *script) InvokeSystemMessage(m any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.system = append(s.system, m)
}

func (s *script) EscalateFailure(reason, _ any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, reason)
}

func TestMailbox(t *testing.T) {
	for name, c := range map[string]struct {
		kind mailboxKind
		do   func(m *mailbox, s *script)
		user string
		lost int
	}{
		"a message sent before the handlers are registered waits": {
			do: func(m *mailbox, s *script) {
				m.PostUserMessage(1)
				m.PostSystemMessage("go")
				m.RegisterHandlers(s, inline{})
				m.PostSystemMessage("go")
			}, user: "[1]",
		},
		"a suspended mailbox handles system messages only, then all": {
			do: func(m *mailbox, s *script) {
				m.RegisterHandlers(s, inline{})
				m.PostSystemMessage(&actor.SuspendMailbox{})
				m.PostUserMessage(1)
				m.PostSystemMessage("sys")
				if len(s.user) != 0 || len(s.system) != 1 {
					panic("handled while suspended")
				}
				m.PostUserMessage(2)
				m.PostSystemMessage(&actor.ResumeMailbox{})
			}, user: "[1 2]",
		},
		"what does not fit is lost, and said so": {
			kind: mailboxKind{limit: 2},
			do: func(m *mailbox, s *script) {
				m.RegisterHandlers(s, inline{})
				m.PostSystemMessage(&actor.SuspendMailbox{})
				for i := range 5 {
					m.PostUserMessage(i)
				}
				m.PostSystemMessage(&actor.ResumeMailbox{})
			}, user: "[0 1]", lost: 3,
		},
		"a message sent while handling one is handled after it": {
			do: func(m *mailbox, s *script) {
				s.onUser = func(x any) {
					if x == 1 {
						m.PostUserMessage(3)
						if len(s.user) != 1 {
							panic("handled inside another")
						}
					}
				}
				m.RegisterHandlers(s, inline{})
				m.PostUserMessage(1)
			}, user: "[1 3]",
		},
		"a panic is a failure and the rest is handled": {
			do: func(m *mailbox, s *script) {
				s.onUser = func(x any) {
					if x == 1 {
						panic("one")
					}
				}
				m.RegisterHandlers(s, inline{})
				m.PostUserMessage(1)
				m.PostUserMessage(2)
				if fmt.Sprint(s.failures) != "[one]" {
					panic("failure not escalated")
				}
			}, user: "[1 2]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			lost := 0
			kind := c.kind
			kind.burst, kind.turns = 10, inline{}
			kind.lost = func(*actor.PID, any) { lost++ }
			m, _ := newMailbox(&kind)().(*mailbox)
			s := &script{}
			c.do(m, s)
			if got := fmt.Sprint(s.user); got != c.user || lost != c.lost {
				t.Errorf("handled %s and lost %d, want %s and %d", got, lost, c.user, c.lost)
			}
			if n := m.UserMessageCount(); n != 0 {
				t.Errorf("%d messages still wait", n)
			}
		})
	}
}

func TestAMailboxHandsOverAfterItsBurst(t *testing.T) {
	var handedOver []func()
	kind := &mailboxKind{burst: 3, turns: later{&handedOver}}
	m, _ := newMailbox(kind)().(*mailbox)
	s := &script{}
	m.RegisterHandlers(s, inline{})
	m.PostSystemMessage(&actor.SuspendMailbox{})
	for i := range 8 {
		m.PostUserMessage(i)
	}
	m.PostSystemMessage(&actor.ResumeMailbox{})
	for turn := range 10 {
		if len(handedOver) == 0 {
			break
		}
		if len(s.user) > 3*(turn+1) {
			t.Errorf("%d messages after %d turns of 3", len(s.user), turn+1)
		}
		run := handedOver[0]
		handedOver = handedOver[1:]
		run()
	}
	if len(s.user) != 8 {
		t.Errorf("%d messages handled, want 8", len(s.user))
	}
}

type later struct{ runs *[]func() }

func (l later) Schedule(run func()) { *l.runs = append(*l.runs, run) }
func (later) Throughput() int       { return 1 }

func TestMailboxUnderManySenders(t *testing.T) {
	q := newQueue()
	defer q.close(time.Minute)
	s := &script{}
	m, _ := newMailbox(&mailboxKind{burst: 7, turns: q})().(*mailbox)
	m.RegisterHandlers(s, q)
	var senders sync.WaitGroup
	for i := range 8 {
		senders.Go(func() {
			for j := range 1000 {
				m.PostUserMessage([2]int{i, j})
			}
		})
	}
	senders.Wait()
	for m.UserMessageCount() > 0 {
		done := make(chan struct{})
		q.Schedule(func() { close(done) })
		<-done
	}
	var next [8]int
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.user {
		p, _ := x.([2]int)
		if p[1] != next[p[0]] {
			t.Fatalf("sender %d: got message %d, want %d", p[0], p[1], next[p[0]])
		}
		next[p[0]]++
	}
}

func TestAPoolGrowsWhileItsWorkersAreBlockedAndShrinksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		p := newPool(func(done *sync.WaitGroup) {
			defer done.Done()
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(10 * time.Millisecond)
			running.Add(-1)
		})
		begin := time.Now()
		var done sync.WaitGroup
		for range 1000 {
			done.Add(1)
			p.schedule(&done)
		}
		done.Wait()
		if d := time.Since(begin); d > 20*time.Millisecond {
			t.Errorf("1000 pieces of 10 ms each took %v side by side", d)
		}
		if most.Load() < 500 {
			t.Errorf("at most %d ran side by side, want most of 1000", most.Load())
		}
		time.Sleep(3 * poolTrim)
		p.mu.Lock()
		workers, idle := p.workers, len(p.idle)
		p.mu.Unlock()
		if workers != p.base || idle != workers {
			t.Errorf("%d workers, %d of them idle, are left; want %d", workers, idle, p.base)
		}
		p.close(time.Minute)
	})
}

func TestAPoolThatKeepsUpHiresNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(func(done *sync.WaitGroup) { done.Done() })
		var done sync.WaitGroup
		for range 10_000 {
			done.Add(1)
			p.schedule(&done)
		}
		done.Wait()
		if p.mu.Lock(); p.workers > p.base {
			t.Errorf("%d workers, want at most %d", p.workers, p.base)
		}
		p.mu.Unlock()
		p.close(time.Minute)
		done.Add(1)
		p.schedule(&done) // late work is still done
		done.Wait()
	})
}

func TestSlots(t *testing.T) {
	var s slots
	o := connectors.Origin{ID: 7, Route: "r", Tag: 1}
	a := s.take(o, false, 10, 100).seq
	b := s.take(o, true, 20, 50).seq
	if s.used() != 2 || s.bytes != 30 {
		t.Errorf("used %d with %d bytes, want 2 with 30", s.used(), s.bytes)
	}
	if got, ok := s.release(a); !ok || got.origin != o || got.notify {
		t.Errorf("release = %v, %v", got, ok)
	}
	if _, ok := s.release(a); ok {
		t.Error("released twice")
	}
	c := s.take(o, false, 1, 70).seq
	if c == a || c&seqIndex != a&seqIndex {
		t.Errorf("Seq %x after %x: want the same slot and another generation", c, a)
	}
	if _, ok := s.release(a); ok {
		t.Error("a stale Seq released the slot's next request")
	}
	for _, never := range []uint64{0, 1, 99, 1 << 40} {
		if _, ok := s.release(never); ok {
			t.Errorf("Seq %d was never given and was released", never)
		}
	}
	due, next := s.expired(60)
	if len(due) != 1 || !due[0].notify || next != 70 {
		t.Errorf("at 60: %d due, next %d; want the notify, and 70", len(due), next)
	}
	if _, ok := s.release(b); ok {
		t.Error("an expired Seq was released again")
	}
	if due, next = s.expired(70); len(due) != 1 || next != -1 || s.used() != 0 || s.bytes != 0 {
		t.Errorf("at 70: %d due, next %d, used %d, bytes %d", len(due), next, s.used(), s.bytes)
	}
}

func TestOutboxForgetsWhatWasReplacedBeforeItGrows(t *testing.T) {
	var o outbox
	old := &entry{bytes: []byte("old"), key: "k"}
	old.replaced.Store(true)
	for range 1000 {
		o.add(old)
	}
	o.add(&entry{bytes: []byte("new"), key: "k"})
	if n := len(o.batch.entries); n > 10 {
		t.Errorf("%d entries are held for one that counts", n)
	}
	if o.messages() != 1 {
		t.Errorf("%d messages, want 1", o.messages())
	}
	_, b := o.take()
	if got := b.wire([]byte("first")); !slices.EqualFunc(got, []string{"first", "new"}, func(a []byte, b string) bool { return string(a) == b }) {
		t.Errorf("wire = %q", got)
	}
}

func TestBackoffDoublesUpToItsMost(t *testing.T) {
	b := backoff{Backoff: Backoff{First: 50 * time.Millisecond, Most: time.Second}}
	for n, want := range map[int]time.Duration{1: 50, 2: 100, 3: 200, 5: 800, 6: 1000, 60: 1000} {
		want *= time.Millisecond
		for range 100 {
			if d := b.delay(n); d < want*3/4 || d > want*5/4 {
				t.Fatalf("delay %d is %v, want %v and at most a quarter more or less", n, d, want)
			}
		}
	}
}

func TestBatcherOfKnowsOurSocketsOnly(t *testing.T) {
	n := &node{system: actor.NewActorSystem(), boot: "bxyz"}
	for k := range 3 {
		n.batchers = append(n.batchers, &batcher{k: k})
	}
	for id, want := range map[string]int{
		"fairlead-bxyz/connector/a/sockets/1/socket/bxyz-7":  1,
		"fairlead-bxyz/connector/a/sockets/1/socket/bxyz-12": 0,
		"fairlead-bxyz/connector/a/sockets/1/socket/babc-7":  -1,
		"other":   -1,
		"bxyz-":   -1,
		"bxyz--1": -1,
		"":        -1,
	} {
		got := -1
		if b := n.batcherOf(actor.NewPID("nonhost", id)); b != nil {
			got = b.k
		}
		if got != want {
			t.Errorf("%q is served by batcher %d, want %d", id, got, want)
		}
	}
	if n.batcherOf(nil) != nil || n.batcherOf(actor.NewPID("elsewhere:1", "bxyz-7")) != nil {
		t.Error("a batcher for nobody, or for another node's socket")
	}
}

func TestABatcherThatPanicsDropsOneMessage(t *testing.T) {
	n := &node{system: actor.NewActorSystem(), log: slog.New(slog.DiscardHandler), born: time.Now()}
	n.root = n.system.Root
	b := newBatcher(n, 0)
	b.pid = n.root.Spawn(actor.PropsFromProducer(func() actor.Actor { return batcherActor{b} }))
	reply := make(chan []string, 1)
	b.post(&flush{nil}) // nobody's list
	b.post(&list{reply})
	if got := <-reply; len(got) != 0 {
		t.Errorf("groups = %q", got)
	}
	if c := n.faults.totals[messages.FaultBatcher].Load(); c != 1 {
		t.Errorf("%d faults, want 1", c)
	}
	if err := n.root.StopFuture(b.pid).Wait(); err != nil {
		t.Error(err)
	}
}

// What an actor has left may be there before it is known to be gone, and the shard ends in between.
func TestAShardThatEndsAnswersWhatIsLeft(t *testing.T) {
	h, reply := &Host{HostConfig: HostConfig{Waiting: 1}}, make(chan tenancy, 1)
	s := &hostShard{host: h, stopping: true, tenants: map[string]*tenant{"x": {pid: actor.NewPID("", "x"), stopping: true}}}
	h.ending.Store(true)
	h.live.Add(1)
	s.leftOver(nil, &leftover{"x", waiter{reply: reply}})
	s.closed()
	select {
	case a := <-reply:
		if messages.AsError(a.err).Code != messages.CodeUnavailable {
			t.Errorf("answered %v", a.err)
		}
	default:
		t.Error("not answered")
	}
	if n := h.waiting.Load(); n != 0 {
		t.Errorf("%d wait for ever", n)
	}
}
