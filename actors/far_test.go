package actors_test

import (
	"log/slog"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/messages"
)

// far is a node of the same process: an actor system that is reached at an address.
func (r *rig) far(address string) *actor.ActorSystem {
	quiet := slog.New(slog.DiscardHandler)
	far := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	far.ProcessRegistry.Address = address
	connect(r.system, far)
	connect(far, r.system)
	return far
}

// connect lets what is in from send to actors in to.
func connect(from, to *actor.ActorSystem) {
	from.ProcessRegistry.RegisterAddressResolver(func(pid *actor.PID) (actor.Process, bool) {
		return bridge{to}, pid.Address == to.Address()
	})
}

// bridge carries copies, as a wire does.
type bridge struct{ to *actor.ActorSystem }

func (b bridge) SendUserMessage(pid *actor.PID, msg any) {
	_, m, sender := actor.UnwrapEnvelope(msg)
	if p, ok := m.(proto.Message); ok {
		m = proto.Clone(p)
	}
	if sender != nil {
		sender = actor.NewPID(sender.Address, sender.Id)
	}
	b.to.Root.Send(actor.NewPID(pid.Address, pid.Id), &actor.MessageEnvelope{Message: m, Sender: sender})
}

func (b bridge) SendSystemMessage(*actor.PID, any) {}
func (b bridge) Stop(*actor.PID)                   {}

// desk keeps the requests it is sent.
type desk struct {
	pid *actor.PID
	got chan farAsk
}

// farAsk is a request, and who wants to know.
type farAsk struct {
	*messages.Request
	from   *actor.PID
	system *actor.ActorSystem
}

func newDesk(system *actor.ActorSystem) *desk { return newDeskAt(system, "desk") }

func newDeskAt(system *actor.ActorSystem, name string) *desk {
	d := &desk{got: make(chan farAsk, 1000)}
	d.pid, _ = system.Root.SpawnNamed(actor.PropsFromFunc(func(c actor.Context) {
		if req, ok := c.Message().(*messages.Request); ok {
			d.got <- farAsk{req, c.Sender(), system}
		}
	}), name)
	return d
}

func (d *desk) next(t *testing.T) farAsk {
	t.Helper()
	select {
	case a := <-d.got:
		return a
	default:
		t.Fatal("no request")
		return farAsk{}
	}
}

func (a farAsk) answer(body string) { a.system.Root.Send(a.from, a.Reply([]byte(body))) }
