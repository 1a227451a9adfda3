package peer_test

import (
	"errors"
	"testing"

	"google.golang.org/grpc"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

func TestTwoNodesHearEachOtherInOrder(t *testing.T) {
	for name, security := range map[string]peer.TLS{"with TLS": generate(t), "without": {Insecure: true}} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, security, nil)
			const n = 5000
			for i := range n {
				if err := a.mesh.Send(b.address, beat(i)); err != nil {
					t.Fatal(err)
				}
				if err := b.mesh.Send(a.address, beat(-i)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range n {
				if got := next(t, b.heard, "a message").GetBeat().GetSent(); got != int64(i) {
					t.Fatalf("b heard %d, want %d", got, i)
				}
				if got := next(t, a.heard, "a message").GetBeat().GetSent(); got != int64(-i) {
					t.Fatalf("a heard %d, want %d", got, -i)
				}
			}
		})
	}
}

func TestNobodyToSendTo(t *testing.T) {
	a, b := pair(t, generate(t), nil)
	if err := a.mesh.Send("127.0.0.1:1", beat(1)); !errors.Is(err, peer.ErrNoPeer) {
		t.Errorf("to a stranger: %v, want ErrNoPeer", err)
	}
	a.mesh.Forget(b.address)
	if err := a.mesh.Send(b.address, beat(1)); !errors.Is(err, peer.ErrNoPeer) {
		t.Errorf("to a node that is forgotten: %v, want ErrNoPeer", err)
	}
	if got := next(t, b.parted, "b's parting"); got != a.address {
		t.Errorf("b parted from %s, want %s", got, a.address)
	}
	a.mesh.Know(b.address)
	next(t, a.met, "a's meeting")
	if err := a.mesh.Send(b.address, beat(7)); err != nil {
		t.Errorf("to a node that is known again: %v", err)
	}
	if got := next(t, b.heard, "a message").GetBeat().GetSent(); got != 7 {
		t.Errorf("b heard %d, want 7", got)
	}
}

func TestAMessageThatCannotBeEncodedIsLostAlone(t *testing.T) {
	a, b := pair(t, generate(t), nil)
	bad := &messages.Peer{Body: &messages.Peer_UserAsk{UserAsk: &messages.UserAsk{Uid: "\xff"}}}
	for _, p := range []*messages.Peer{beat(1), bad, beat(2)} {
		if err := a.mesh.Send(b.address, p); err != nil {
			t.Fatal(err)
		}
	}
	for want := int64(1); want <= 2; want++ {
		if got := next(t, b.heard, "a message").GetBeat().GetSent(); got != want {
			t.Errorf("b heard %d, want %d", got, want)
		}
	}
	large := &messages.Peer{Body: &messages.Peer_UserSet{UserSet: &messages.UserSet{Settings: map[string][]byte{"x": make([]byte, 17<<20)}}}}
	if err := a.mesh.Send(b.address, large); !errors.Is(err, peer.ErrTooLarge) {
		t.Errorf("17 MiB: %v, want ErrTooLarge", err)
	}
}

func TestOnlySoManyMessagesWaitForANode(t *testing.T) {
	a, b := pair(t, generate(t), func(c *peer.Config, _ *messages.Card) { c.Queue = 100 })
	hold := make(chan struct{})
	b.mu.Lock()
	b.hold = hold
	b.mu.Unlock()
	p := &messages.Peer{Body: &messages.Peer_UserSet{UserSet: &messages.UserSet{Settings: map[string][]byte{"x": make([]byte, 1<<20)}}}}
	sent := 0
	for a.mesh.Send(b.address, p) == nil {
		sent++
	}
	if err := a.mesh.Send(b.address, p); !errors.Is(err, peer.ErrBusy) {
		t.Errorf("one more: %v, want ErrBusy", err)
	}
	if sent < 100 {
		t.Errorf("%d messages waited, want 100 at least", sent)
	}
	close(hold)
	for range sent {
		next(t, b.heard, "a message")
	}
}

func TestACardThatChangesIsToldOnAllStreams(t *testing.T) {
	a, b := pair(t, generate(t), nil)
	card := &messages.Card{
		Cluster: "test", Version: peer.Version, Types: peer.Types(),
		Member: &messages.Member{Id: "boot-" + a.address + ".2", Address: a.address, Roles: []string{"gate"}},
	}
	a.card.Store(card)
	a.mesh.Recard()
	for range 2 {
		if got := next(t, b.met, "the new card"); got.GetId() != card.GetMember().GetId() {
			t.Errorf("b met %q, want %q", got.GetId(), card.GetMember().GetId())
		}
	}
}

func TestDeadAndParted(t *testing.T) {
	security := generate(t)
	a, b := pair(t, security, nil)
	b.stop() // its port is closed
	if got := next(t, a.parted, "the parting"); got != b.address {
		t.Errorf("a parted from %s, want %s", got, b.address)
	}
	if got := next(t, a.dead, "the death"); got != b.address {
		t.Errorf("%s is dead, want %s", got, b.address)
	}
	back := startAt(t, b.address, security, nil)
	back.mesh.Know(a.address)
	for range 2 {
		next(t, a.met, "the meeting with the node that is back")
	}
}

func TestOurselvesAndAliases(t *testing.T) {
	security := generate(t)
	a, b := start(t, security, nil), start(t, security, nil)
	port := portOf(b.address)
	a.mesh.Know(a.address, "localhost:"+portOf(a.address), "localhost:"+port)
	if got := next(t, a.met, "the meeting").GetAddress(); got != b.address {
		t.Errorf("a met %s, want %s only", got, b.address)
	}
	if got := next(t, b.met, "the meeting").GetAddress(); got != a.address {
		t.Errorf("b met %s, want %s", got, a.address)
	}
	if err := a.mesh.Send(b.address, beat(1)); err != nil {
		t.Errorf("to the address in the card: %v", err)
	}
	for {
		if next(t, b.heard, "the message").GetBeat().GetSent() == 1 {
			return
		}
	}
}

// talk opens a stream to a node, as one with an address would.
func talk(t *testing.T, to *server, address string) grpc.ClientStream {
	t.Helper()
	s, err := open(t, dial(t, to.address, stranger(t, authority, "127.0.0.1")), peer.Method)
	if err != nil {
		t.Fatal(err)
	}
	card := &messages.Card{Cluster: "test", Version: peer.Version, Member: &messages.Member{Id: "x.1", Address: address}}
	if err := s.SendMsg(&messages.Peer{Body: &messages.Peer_Card{Card: card}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestANewerStreamIsHeardBehindTheOlder(t *testing.T) {
	const me = "127.0.0.1:1"
	b := start(t, generateFor(t), nil)
	hold := make(chan struct{})
	b.mu.Lock()
	b.hold = hold
	b.mu.Unlock()
	for i := range 2 {
		if err := talk(t, b, me).SendMsg(beat(i)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			next(t, b.met, "the meeting")
			eventually(t, "the first beat", func() bool { return b.hearing.Load() == 1 })
		}
	}
	select {
	case who := <-b.met:
		t.Errorf("met %v before all was heard of the older stream", who)
	default:
	}
	b.mu.Lock()
	b.hold = nil
	b.mu.Unlock()
	close(hold)
	for want := range int64(2) {
		if got := next(t, b.heard, "a beat").GetBeat().GetSent(); got != want {
			t.Errorf("heard %d, want %d", got, want)
		}
	}
	next(t, b.parted, "the parting from the older")
	next(t, b.met, "the meeting on the newer")
}

func TestAPanicCostsOneStream(t *testing.T) {
	const me = "127.0.0.1:1"
	b := start(t, generateFor(t), nil)
	s := talk(t, b, me)
	next(t, b.met, "the meeting")
	if err := s.SendMsg(&messages.Peer{Body: &messages.Peer_UserAsk{UserAsk: &messages.UserAsk{Uid: "panic"}}}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, b.parted, "the parting"); got != me {
		t.Errorf("parted from %s, want %s", got, me)
	}
	b.awaitLine(t, "panicked")
	if err := talk(t, b, me).SendMsg(beat(1)); err != nil {
		t.Fatal(err)
	}
	next(t, b.heard, "a beat")
}

func TestAClosedMeshDoesNothing(t *testing.T) {
	a, b := pair(t, generate(t), nil)
	a.mesh.Close()
	a.mesh.Close()
	a.mesh.Know(b.address)
	if err := a.mesh.Send(b.address, beat(1)); !errors.Is(err, peer.ErrNoPeer) {
		t.Errorf("a closed mesh sends: %v, want ErrNoPeer", err)
	}
	c := dial(t, a.address, stranger(t, authority, "127.0.0.1"))
	if err := refusalOf(t, c, peer.Method, beat(1)); err == nil {
		t.Error("a closed mesh serves")
	}
}
