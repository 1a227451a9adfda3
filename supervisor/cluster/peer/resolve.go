package peer

import (
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/protobuf/proto"
)

// node is what is known of another one where actors send to it.
type node struct {
	ticket atomic.Pointer[ticket]
	dead   atomic.Bool // its port refused connections
}

// ticket counts what the engine was given for a node and has not begun to send. It travels as the header of
// each message: the engine's writer asks a header for its length once, when it takes a message from its
// queue, whether it can encode the message or not.
type ticket struct{ waiting atomic.Int64 }

// Length takes the message off the count.
func (t *ticket) Length() int {
	t.waiting.Add(-1)
	return 0
}

// Get is a header's: there is nothing in it.
func (*ticket) Get(string) string { return "" }

// Keys is a header's.
func (*ticket) Keys() []string { return nil }

// ToMap is a header's.
func (*ticket) ToMap() map[string]string { return nil }

// labelled is a ticket with a header.
type labelled struct {
	actor.ReadonlyMessageHeader
	ticket *ticket
}

// Length is the header's, and takes the message off the count.
func (l labelled) Length() int {
	l.ticket.Length()
	return l.ReadonlyMessageHeader.Length()
}

func (m *Mesh) node(address string) *node {
	if n, ok := m.nodes.Load(address); ok {
		return n.(*node)
	}
	fresh := new(node)
	fresh.ticket.Store(new(ticket))
	n, _ := m.nodes.LoadOrStore(address, fresh)
	return n.(*node)
}

func (m *Mesh) dead(address string) { m.node(address).dead.Store(true) }

// alive makes no node: who comes in chooses its port.
func (m *Mesh) alive(address string) {
	if n, ok := m.nodes.Load(address); ok {
		n.(*node).dead.Store(false)
	}
}

// Resolver is to be registered before the engine's own, which the start of a remote does: then all messages
// for actors of other nodes pass through it. Those that are not for a member, or too many, are refused.
func (m *Mesh) Resolver(system *actor.ActorSystem) actor.AddressResolver {
	m.system.Store(system)
	events := system.EventStream.Subscribe(m.happened)
	m.mu.Lock()
	m.events = events
	m.mu.Unlock()
	var way actor.Process = &way{m, system}
	return func(*actor.PID) (actor.Process, bool) { return way, true }
}

// Engine tells of the remote, once it has started.
func (m *Mesh) Engine(r *remote.Remote) { m.remote.Store(r) }

// happened hears of the ends of the engine's endpoints: what waited there is lost.
func (m *Mesh) happened(event any) {
	e, ok := event.(*remote.EndpointTerminatedEvent)
	if !ok {
		return
	}
	if n, ok := m.nodes.Load(e.Address); ok {
		n.(*node).ticket.Store(new(ticket))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.engine[e.Address] {
		if d, ok := s.(*departure); ok {
			d.told.Store(true)
		}
	}
}

// way is the process of all actors of other nodes.
type way struct {
	m      *Mesh
	system *actor.ActorSystem
}

// SendUserMessage gives a message to the engine, or refuses it.
func (w *way) SendUserMessage(pid *actor.PID, message any) {
	header, m, sender := actor.UnwrapEnvelope(message)
	if why := w.m.give(pid, header, m, sender); why != nil {
		w.m.refuse(pid, m, sender, why)
	}
}

// SendSystemMessage does so too. Who watches an actor of a node that is no member hears that it has ended.
func (w *way) SendSystemMessage(pid *actor.PID, message any) {
	if w.m.reaches(pid.GetAddress()) == nil {
		if inner := w.engine(pid); inner != nil {
			inner.SendSystemMessage(pid, message)
			return
		}
	}
	w.m.refusals.Add(1)
	if watch, ok := message.(*actor.Watch); ok {
		if watcher, ok := w.system.ProcessRegistry.GetLocal(watch.GetWatcher().GetId()); ok {
			watcher.SendSystemMessage(watch.GetWatcher(), &actor.Terminated{Who: pid, Why: actor.TerminatedReason_AddressTerminated})
		}
	}
}

// Stop asks the actor to end.
func (w *way) Stop(pid *actor.PID) { w.SendSystemMessage(pid, &actor.Stop{}) }

// engine is the process that the engine's own resolver, which was registered behind ours, has for an actor.
func (w *way) engine(pid *actor.PID) actor.Process {
	for _, resolve := range w.system.ProcessRegistry.RemoteHandlers {
		if p, ok := resolve(pid); ok {
			if _, ours := p.(*way); !ours {
				return p
			}
		}
	}
	return nil
}

// reaches tells why nothing can be sent to a node now.
func (m *Mesh) reaches(address string) error {
	if m.remote.Load() == nil || m.ctx.Err() != nil || !m.handler.Member(address) || m.node(address).dead.Load() {
		return ErrNoPeer
	}
	return nil
}

func (m *Mesh) give(pid *actor.PID, header actor.ReadonlyMessageHeader, message any, sender *actor.PID) error {
	if _, ok := message.(proto.Message); !ok {
		return ErrForeign // the engine would drop it without a word
	}
	if err := m.reaches(pid.GetAddress()); err != nil {
		return err
	}
	t := m.node(pid.GetAddress()).ticket.Load()
	if t.waiting.Add(1) > int64(m.config.Queue) {
		t.waiting.Add(-1)
		return ErrBusy
	}
	var counted actor.ReadonlyMessageHeader = t
	if header != nil && header.Length() > 0 {
		counted = labelled{header, t}
	}
	m.remote.Load().SendMessage(pid, counted, message, sender, -1)
	return nil
}

// refuse tells of a message that does not go. A dead letter answers a sender that waits.
func (m *Mesh) refuse(pid *actor.PID, message any, sender *actor.PID, why error) {
	m.refusals.Add(1)
	if m.Refused != nil {
		m.Refused(pid, message, sender, why)
		return
	}
	m.system.Load().EventStream.Publish(&actor.DeadLetterEvent{PID: pid, Message: message, Sender: sender})
}

// refuseBatch refuses the only message of a batch: no node accepts one so large.
func (m *Mesh) refuseBatch(b *remote.MessageBatch) {
	e := b.GetEnvelopes()[0]
	message, err := remote.Deserialize(e.GetMessageData(), b.GetTypeNames()[0], e.GetSerializerId())
	if err != nil {
		return // it was encoded a moment ago
	}
	target := numbered(b.GetTargets()[0], e.GetTargetRequestId())
	var sender *actor.PID
	if e.GetSender() > 0 {
		sender = numbered(b.GetSenders()[0], e.GetSenderRequestId())
	}
	m.refuse(target, message, sender, ErrTooLarge)
}

// numbered is an actor of a batch's table.
func numbered(pid *actor.PID, request uint32) *actor.PID {
	n := actor.NewPID(pid.GetAddress(), pid.GetId())
	n.RequestId = request
	return n
}
