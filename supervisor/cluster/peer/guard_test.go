package peer_test

import (
	"io"
	"slices"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// batch is one that a good engine sends to an actor.
func batch(to *actor.PID) *remote.MessageBatch {
	return &remote.MessageBatch{
		TypeNames: []string{"fairlead.v1.Push"},
		Targets:   []*actor.PID{to},
		Senders:   []*actor.PID{actor.NewPID("127.0.0.1:1", "me")},
		Envelopes: []*remote.MessageEnvelope{{Sender: 1}},
	}
}

func envelope(b *remote.MessageBatch) *remote.RemoteMessage {
	return &remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: b}}
}

// encoded is an envelope's data.
func encoded(m proto.Message) []byte {
	data, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return data
}

// breaches are changes of a good batch that an engine cannot take.
var breaches = map[string]func(*remote.MessageBatch){
	"an unknown type":         func(b *remote.MessageBatch) { b.TypeNames[0] = "no.such.Type" },
	"no type":                 func(b *remote.MessageBatch) { b.TypeNames[0] = "" },
	"a type for the engine":   func(b *remote.MessageBatch) { b.TypeNames[0] = "cluster.PubSubBatchTransport" },
	"an unknown type, unused": func(b *remote.MessageBatch) { b.TypeNames = append(b.TypeNames, "x") },
	"no types":                func(b *remote.MessageBatch) { b.TypeNames = nil },
	"type 1 of 1":             func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = 1 },
	"type -1":                 func(b *remote.MessageBatch) { b.Envelopes[0].TypeId = -1 },
	"target 1 of 1":           func(b *remote.MessageBatch) { b.Envelopes[0].Target = 1 },
	"target -1":               func(b *remote.MessageBatch) { b.Envelopes[0].Target = -1 },
	"no targets":              func(b *remote.MessageBatch) { b.Targets = nil },
	"sender 2 of 1":           func(b *remote.MessageBatch) { b.Envelopes[0].Sender = 2 },
	"sender -1":               func(b *remote.MessageBatch) { b.Envelopes[0].Sender = -1 },
	"JSON":                    func(b *remote.MessageBatch) { b.Envelopes[0].SerializerId = 1 },
	"serializer 7":            func(b *remote.MessageBatch) { b.Envelopes[0].SerializerId = 7 },
	"serializer -1":           func(b *remote.MessageBatch) { b.Envelopes[0].SerializerId = -1 },
	"another node's actor":    func(b *remote.MessageBatch) { b.Targets[0].Address = "127.0.0.1:2" },
	"an actor without a name": func(b *remote.MessageBatch) { b.Targets[0].Id = "" },
	"a sender without a node": func(b *remote.MessageBatch) { b.Senders[0].Address = "nonhost" },
	"a watch by nobody":       func(b *remote.MessageBatch) { b.TypeNames[0] = "actor.Watch" },
	"an unwatch by nobody":    func(b *remote.MessageBatch) { b.TypeNames[0] = "actor.Unwatch" },
	"the end of nobody":       func(b *remote.MessageBatch) { b.TypeNames[0] = "actor.Terminated" },
	"the end of another's": func(b *remote.MessageBatch) {
		b.TypeNames[0] = "actor.Terminated"
		b.Envelopes[0].MessageData = encoded(&actor.Terminated{Who: actor.NewPID("127.0.0.1:2", "x")})
	},
	"too many at once": func(b *remote.MessageBatch) { b.Envelopes = slices.Repeat(b.Envelopes, 1<<16+1) },
	"data that is none": func(b *remote.MessageBatch) {
		b.TypeNames[0] = "actor.Watch"
		b.Envelopes[0].MessageData = []byte{0xff}
	},
}

func TestBatchesThatTheEngineCannotTake(t *testing.T) {
	b := victim(t)
	const me = "127.0.0.1:1"
	b.admit(me, true)
	defer b.admit(me, false)
	to, heard := sink(t, b)
	c := dial(t, b.address, stranger(t, authority, "127.0.0.1"))
	before := b.mesh.Counts().Breaches
	for name, change := range breaches {
		bad := batch(faraway(to))
		change(bad)
		if err := refusalOf(t, c, peer.Receive, hello(me), envelope(bad)); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, want InvalidArgument", name, err)
		}
	}
	if got := int(b.mesh.Counts().Breaches - before); got != len(breaches) {
		t.Errorf("%d breaches are counted, want %d", got, len(breaches))
	}
	huge := batch(to)
	huge.Envelopes[0].MessageData = make([]byte, 17<<20)
	if err := refusalOf(t, c, peer.Receive, hello(me), envelope(huge)); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("17 MiB: %v, want ResourceExhausted", err)
	}
	unreadable := batch(to)
	unreadable.Envelopes[0].MessageData = []byte{0xff}
	if err := refusalOf(t, c, peer.Receive, hello(me), envelope(unreadable)); err == nil || err == io.EOF {
		t.Errorf("data that is none: %v, want an error", err)
	}
	good, err := open(t, c, peer.Receive)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []proto.Message{hello(me), envelope(batch(to))} {
		if err := good.SendMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := next(t, heard, "a good batch").(*messages.Push); !ok {
		t.Error("what was heard is no push")
	}
}

func TestEnginesStreamsOfOthers(t *testing.T) {
	b := victim(t)
	const me = "127.0.0.1:1"
	c := dial(t, b.address, stranger(t, authority, "127.0.0.1"))
	to, heard := sink(t, b)
	if err := refusalOf(t, c, peer.Receive, hello(me)); status.Code(err) != codes.PermissionDenied {
		t.Errorf("no member: %v, want PermissionDenied", err)
	}
	b.admit(me, true)
	defer b.admit(me, false)
	for name, first := range map[string]*remote.RemoteMessage{
		"a batch first":    envelope(batch(to)),
		"no message":       {},
		"a client":         {MessageType: &remote.RemoteMessage_ConnectRequest{ConnectRequest: &remote.ConnectRequest{ConnectionType: &remote.ConnectRequest_ClientConnection{}}}},
		"an empty request": {MessageType: &remote.RemoteMessage_ConnectRequest{}},
		"no address":       hello(""),
		"no port":          hello("127.0.0.1"),
	} {
		if err := refusalOf(t, c, peer.Receive, first); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, want InvalidArgument", name, err)
		}
	}
	for name, second := range map[string]*remote.RemoteMessage{
		"who it is, again": hello(me),
		"an answer":        {MessageType: &remote.RemoteMessage_ConnectResponse{ConnectResponse: &remote.ConnectResponse{}}},
		"no message":       {},
	} {
		if err := refusalOf(t, c, peer.Receive, hello(me), second); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, want InvalidArgument", name, err)
		}
	}
	s, err := open(t, c, peer.Receive)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.SendMsg(hello(me))
	_ = s.SendMsg(envelope(batch(to)))
	next(t, heard, "the push of a member")
	b.admit(me, false)
	_ = s.SendMsg(envelope(batch(to)))
	for err == nil {
		err = s.RecvMsg(new(remote.RemoteMessage))
	}
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("a member no more: %v, want PermissionDenied", err)
	}
	if len(heard) != 0 {
		t.Error("what a member no more has sent was heard")
	}
}

func TestAMemberToBeIsKeptWaiting(t *testing.T) {
	b := victim(t)
	const me = "127.0.0.1:1"
	to, heard := sink(t, b)
	s, err := open(t, dial(t, b.address, stranger(t, authority, "127.0.0.1")), peer.Receive)
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.shy = 1 // the view is on its way
	b.mu.Unlock()
	b.admit(me, true)
	defer b.admit(me, false)
	_ = s.SendMsg(hello(me))
	_ = s.SendMsg(envelope(batch(to)))
	if _, ok := next(t, heard, "the push").(*messages.Push); !ok {
		t.Error("what was heard is no push")
	}
}

func FuzzCheck(f *testing.F) {
	const me = "127.0.0.1:1"
	to := actor.NewPID("127.0.0.1:9", "x")
	f.Add(encoded(batch(to)))
	for name, change := range breaches {
		if name == "too many at once" {
			continue
		}
		bad := batch(faraway(to))
		change(bad)
		f.Add(encoded(bad))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := new(remote.MessageBatch)
		if proto.Unmarshal(data, b) != nil || peer.Check(b, "127.0.0.1:9", me) != nil {
			return
		}
		// What the engine does with it, without a net.
		for _, e := range b.GetEnvelopes() {
			if e.GetSender() > 0 {
				_ = b.GetSenders()[e.GetSender()-1].GetId()
			}
			if b.GetTargets()[e.GetTarget()].GetAddress() != "127.0.0.1:9" {
				t.Errorf("a message goes to %v", b.GetTargets()[e.GetTarget()])
			}
			m, err := remote.Deserialize(e.GetMessageData(), b.GetTypeNames()[e.GetTypeId()], e.GetSerializerId())
			if err != nil {
				continue
			}
			switch m := m.(type) {
			case remote.RootSerialized:
				t.Errorf("%T came through", m)
			case *actor.Terminated:
				if m.Who.Address != me {
					t.Errorf("%v has ended, told by %s", m.Who, me)
				}
			case *actor.Watch:
				_ = m.Watcher.Id
			case *actor.Unwatch:
				_ = m.Watcher.Id
			}
		}
	})
}
