package peer_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// befriended are the engines, members for each other until the test's end.
func befriended(t testing.TB) (a, b *server) {
	t.Helper()
	a, b = engines[0], engines[1]
	a.admit(b.address, true)
	b.admit(a.address, true)
	t.Cleanup(func() {
		estrange(t, a, b)
	})
	return a, b
}

// estrange makes strangers of two engines, and waits until no stream of an engine is left.
func estrange(t testing.TB, a, b *server) {
	t.Helper()
	a.admit(b.address, false)
	b.admit(a.address, false)
	a.mesh.End(b.address)
	b.mesh.End(a.address)
	eventually(t, "the end of all streams", func() bool { return a.mesh.Streams(b.address)+b.mesh.Streams(a.address) == 0 })
}

// sink is an actor that gives its user messages to a channel, and answers requests.
func sink(t testing.TB, s *server) (*actor.PID, chan any) {
	t.Helper()
	out := make(chan any, 1<<16)
	pid := s.system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch c.Message().(type) {
		case actor.SystemMessage, actor.AutoReceiveMessage:
		default:
			if c.Sender() != nil {
				c.Respond(&messages.Response{})
			}
			out <- c.Message()
		}
	}))
	t.Cleanup(func() { _ = s.system.Root.StopFuture(pid).Wait() })
	return faraway(pid), out
}

// faraway is an actor as another node knows it: an actor.PID remembers the process of the system that used it.
func faraway(pid *actor.PID) *actor.PID { return actor.NewPID(pid.GetAddress(), pid.GetId()) }

func TestActorsOfMembersReachEachOther(t *testing.T) {
	a, b := befriended(t)
	to, heard := sink(t, b)
	for range 3 { // more than the bound, all in all
		for i := range 500 {
			a.system.Root.Send(to, &messages.Push{Route: fmt.Sprint(i)})
		}
		for i := range 500 {
			if got := next(t, heard, "a push").(*messages.Push).GetRoute(); got != fmt.Sprint(i) {
				t.Fatalf("push %s, want %d", got, i)
			}
		}
	}
	if _, err := a.system.Root.RequestFuture(to, &messages.Request{}, deadline).Result(); err != nil {
		t.Errorf("the answer: %v", err)
	}
	// What the engine cannot encode is no longer counted either.
	for range 1100 { // more than the bound
		a.system.Root.Send(to, &messages.Push{Route: "\xff"})
		if _, err := a.system.Root.RequestFuture(to, &messages.Request{}, deadline).Result(); err != nil {
			t.Fatalf("behind what cannot be encoded: %v", err)
		}
		<-heard
	}
	if n := a.mesh.Waiting(b.address); n != 0 {
		t.Errorf("%d messages wait, want 0", n)
	}
}

func TestHeadersTravel(t *testing.T) {
	a, b := befriended(t)
	got := make(chan string, 1)
	to := b.system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(*messages.Push); ok {
			got <- c.MessageHeader().Get("x")
		}
	}))
	a.system.Root.Send(faraway(to), &actor.MessageEnvelope{Header: map[string]string{"x": "y"}, Message: &messages.Push{}})
	if v := next(t, got, "the header"); v != "y" {
		t.Errorf("header %q, want y", v)
	}
	_ = b.system.Root.StopFuture(to).Wait()
	if n := a.mesh.Waiting(b.address); n != 0 {
		t.Errorf("%d messages wait, want 0", n)
	}
}

// refusal is what Mesh.Refused was told.
type refusal struct {
	message any
	sender  *actor.PID
	why     error
}

// refuse is a mesh's Refused.
func (s *server) refuse(_ *actor.PID, message any, sender *actor.PID, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused != nil {
		s.refused <- refusal{message, sender, why}
	}
}

// refusals are those that a mesh is told from now on.
func refusals(t testing.TB, s *server) chan refusal {
	t.Helper()
	all := make(chan refusal, 1<<16)
	s.mu.Lock()
	s.refused = all
	s.mu.Unlock()
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.refused = nil
	})
	return all
}

func TestWhatDoesNotGoIsRefused(t *testing.T) {
	a, b := befriended(t)
	to, heard := sink(t, b)
	refused := refusals(t, a)
	me := actor.NewPID(a.address, "me")

	a.system.Root.Send(to, "no protobuf message")
	if got := next(t, refused, "the refusal"); !errors.Is(got.why, peer.ErrForeign) {
		t.Errorf("a string: %v, want ErrForeign", got.why)
	}
	a.system.Root.RequestWithCustomSender(actor.NewPID("127.0.0.1:1", "x"), &messages.Request{}, me)
	if got := next(t, refused, "the refusal"); !errors.Is(got.why, peer.ErrNoPeer) || got.sender.GetId() != "me" {
		t.Errorf("to a stranger: %v from %v, want ErrNoPeer from me", got.why, got.sender)
	}
	a.system.Root.RequestWithCustomSender(to, &messages.Push{Body: make([]byte, 17<<20)}, me)
	if got := next(t, refused, "the refusal"); !errors.Is(got.why, peer.ErrTooLarge) || got.sender.GetId() != "me" {
		t.Errorf("17 MiB: %v from %v, want ErrTooLarge from me", got.why, got.sender)
	}
	for range 40 { // together too large for one message of gRPC
		a.system.Root.Send(to, &messages.Push{Body: make([]byte, 1<<20)})
	}
	a.system.Root.Send(to, &messages.Push{Body: make([]byte, 16<<20)})
	for i := range 41 {
		if _, ok := next(t, heard, "a large push").(*messages.Push); !ok {
			t.Errorf("message %d is no push", i)
		}
	}
}

func TestOnlySoManyMessagesOfActorsWait(t *testing.T) {
	a, b := befriended(t)
	doubt := make(chan struct{})
	b.mu.Lock()
	b.doubt = doubt // b keeps a's engine waiting
	b.mu.Unlock()
	refused := refusals(t, a)
	to, heard := sink(t, b)
	const n = 1500
	for range n {
		a.system.Root.Send(to, &messages.Push{})
	}
	if got := next(t, refused, "the refusal"); !errors.Is(got.why, peer.ErrBusy) {
		t.Errorf("beyond the bound: %v, want ErrBusy", got.why)
	}
	b.mu.Lock()
	b.doubt = nil
	b.mu.Unlock()
	close(doubt)
	for range 1000 {
		next(t, heard, "what waited")
	}
	if got := len(refused); got != n-1000-1 {
		t.Errorf("%d more were refused, want %d", got, n-1000-1)
	}
}

func TestAMemberNoMoreIsCutOff(t *testing.T) {
	a, b := befriended(t)
	to, heard := sink(t, b)
	ended := make(chan string, 100)
	events := a.system.EventStream.Subscribe(func(e any) {
		if e, ok := e.(*remote.EndpointTerminatedEvent); ok {
			ended <- e.Address
		}
	})
	defer a.system.EventStream.Unsubscribe(events)
	watcher := make(chan *actor.Terminated, 1)
	pid := a.system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case *actor.Started:
			c.Watch(to)
		case *actor.Terminated:
			watcher <- m
		}
	}))
	defer func() { _ = a.system.Root.StopFuture(pid).Wait() }()
	a.system.Root.Send(to, &messages.Push{})
	next(t, heard, "the push")

	// b, alone, is of another mind, and a notices by the stream.
	b.admit(a.address, false)
	b.mesh.End(a.address)
	if got := next(t, ended, "the endpoint's end"); got != b.address {
		t.Errorf("the endpoint of %s has ended, want %s", got, b.address)
	}
	if got := next(t, watcher, "the watched actor's end").GetWhy(); got != actor.TerminatedReason_AddressTerminated {
		t.Errorf("it ended by %v, want AddressTerminated", got)
	}

	b.admit(a.address, true)
	if _, err := a.system.Root.RequestFuture(to, &messages.Request{}, deadline).Result(); err != nil {
		t.Errorf("a member again: %v", err)
	}
	estrange(t, a, b)
	next(t, ended, "the endpoint's end")
	refused := refusals(t, a)
	a.system.Root.Send(to, &messages.Push{})
	if got := next(t, refused, "the refusal"); !errors.Is(got.why, peer.ErrNoPeer) {
		t.Errorf("to a member no more: %v, want ErrNoPeer", got.why)
	}

	a.admit(b.address, true)
	b.admit(a.address, true)
	if _, err := a.system.Root.RequestFuture(to, &messages.Request{}, deadline).Result(); err != nil {
		t.Errorf("a member once more: %v", err)
	}
	if len(ended) > 0 { // by the end of the older stream
		t.Error("the newer endpoint has ended")
	}
}

func TestWhatNobodyIsToldOfIsADeadLetter(t *testing.T) {
	b := engines[1]
	to := actor.NewPID("127.0.0.1:1", "x")
	if _, err := b.system.Root.RequestFuture(to, &messages.Request{}, deadline).Result(); !errors.Is(err, actor.ErrDeadLetter) {
		t.Errorf("a request to a stranger: %v, want a dead letter", err)
	}
}

func TestWatchingAnActorOfNoMember(t *testing.T) {
	a := engines[0]
	ended := make(chan *actor.Terminated, 1)
	to := actor.NewPID("127.0.0.1:1", "x")
	pid := a.system.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		switch m := c.Message().(type) {
		case *actor.Started:
			c.Watch(to)
		case *actor.Terminated:
			ended <- m
		}
	}))
	if got := next(t, ended, "its end"); !got.GetWho().Equal(to) {
		t.Errorf("%v has ended, want %v", got.GetWho(), to)
	}
	_ = a.system.Root.StopFuture(pid).Wait()
}

func TestWhatWaitsForANodeThatIsNotThere(t *testing.T) {
	a := engines[0]
	address := freeAddress(t)
	a.admit(address, true)
	defer a.admit(address, false)
	letters, ended := make(chan any, 100), make(chan string, 100)
	events := a.system.EventStream.Subscribe(func(e any) {
		switch e := e.(type) {
		case *remote.EndpointTerminatedEvent:
			ended <- e.Address
		case *actor.DeadLetterEvent:
			letters <- e.Message
		}
	})
	defer a.system.EventStream.Unsubscribe(events)
	for range 10 {
		a.system.Root.Send(actor.NewPID(address, "x"), &messages.Push{})
	}
	for range 10 {
		if m := next(t, letters, "a dead letter"); !isPush(m) {
			t.Errorf("%T is a dead letter, want a push", m)
		}
	}
	next(t, ended, "the endpoint's end")
	if n := a.mesh.Waiting(address); n != 0 {
		t.Errorf("%d messages wait, want 0", n)
	}
}

func isPush(m any) bool {
	_, ok := m.(*messages.Push)
	return ok
}

func TestADeadNodeFailsFast(t *testing.T) {
	a := engines[0]
	address := freeAddress(t)
	a.admit(address, true)
	defer a.admit(address, false)
	a.mesh.Know(address)
	defer a.mesh.Forget(address)
	for next(t, a.dead, "the death") != address { // of an earlier test
	}
	refused := refusals(t, a)
	a.system.Root.Send(actor.NewPID(address, "x"), &messages.Push{})
	select {
	case got := <-refused:
		if !errors.Is(got.why, peer.ErrNoPeer) {
			t.Errorf("to a dead node: %v, want ErrNoPeer", got.why)
		}
	case <-time.After(deadline):
		t.Error("a message to a dead node was not refused")
	}
}
