package peer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const (
	maxEnvelopes = 1 << 16
	maxName      = 1024 // bytes of an actor's name, or a type's
)

// check tells whether the engine can read a batch: it panics on indexes, types and parts that are not
// there, and passes on what is for other nodes.
func check(b *remote.MessageBatch, own, from string) error {
	if len(b.GetEnvelopes()) > maxEnvelopes {
		return fmt.Errorf("%d messages at once", len(b.GetEnvelopes()))
	}
	for _, name := range b.GetTypeNames() {
		if err := checkType(name); err != nil {
			return err
		}
	}
	for _, pid := range b.GetTargets() {
		if pid == nil || pid.GetId() == "" || len(pid.GetId()) > maxName {
			return errors.New("a target without a name, or with one that is too long")
		}
		if pid.GetAddress() != own {
			return fmt.Errorf("a target on %.256q, which is not this node", pid.GetAddress())
		}
	}
	for _, pid := range b.GetSenders() {
		if pid == nil || pid.GetId() == "" || len(pid.GetId()) > maxName {
			return errors.New("a sender without a name, or with one that is too long")
		}
		if pid.GetAddress() == from {
			continue
		}
		// A name without an address would be taken for one of our own actors.
		if _, err := hostOf(pid.GetAddress()); err != nil {
			return fmt.Errorf("the sender's address %.256q: was it made before its system had one?", pid.GetAddress())
		}
	}
	for _, e := range b.GetEnvelopes() {
		if err := checkEnvelope(b, e, from); err != nil {
			return err
		}
	}
	return nil
}

func checkType(name string) error {
	if len(name) > maxName {
		return errors.New("a type's name is too long")
	}
	t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
	if err != nil {
		return fmt.Errorf("type %q is not known", name)
	}
	// These are unpacked by the engine's own code, unchecked.
	if _, ok := t.Zero().Interface().(remote.RootSerialized); ok {
		return fmt.Errorf("type %q does not travel", name)
	}
	return nil
}

func checkEnvelope(b *remote.MessageBatch, e *remote.MessageEnvelope, from string) error {
	switch {
	case e == nil:
		return errors.New("an empty message")
	case e.GetSerializerId() != 0:
		return fmt.Errorf("serializer %d, and only protobuf (0) is allowed", e.GetSerializerId())
	case !within(e.GetTypeId(), len(b.GetTypeNames())):
		return fmt.Errorf("type %d of %d", e.GetTypeId(), len(b.GetTypeNames()))
	case !within(e.GetTarget(), len(b.GetTargets())):
		return fmt.Errorf("target %d of %d", e.GetTarget(), len(b.GetTargets()))
	case e.GetSender() < 0 || int(e.GetSender()) > len(b.GetSenders()): // they count from one
		return fmt.Errorf("sender %d of %d", e.GetSender(), len(b.GetSenders()))
	}
	if name := b.GetTypeNames()[e.GetTypeId()]; strings.HasPrefix(name, "actor.") {
		return checkSystem(name, e.GetMessageData(), from)
	}
	return nil
}

func within(index int32, length int) bool { return index >= 0 && int(index) < length }

// checkSystem is for the few messages whose parts the engine takes for granted.
func checkSystem(name string, data []byte, from string) error {
	t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
	if err != nil {
		return err
	}
	m := t.New().Interface()
	if err := proto.Unmarshal(data, m); err != nil {
		return fmt.Errorf("a message of type %s cannot be read", name)
	}
	var pid *actor.PID
	switch m := m.(type) {
	case *actor.Watch:
		pid = m.GetWatcher()
	case *actor.Unwatch:
		pid = m.GetWatcher()
	case *actor.Terminated:
		// The engine dials its address, so it may only be the sender's.
		if pid = m.GetWho(); pid.GetAddress() != from {
			return fmt.Errorf("%q tells the end of an actor on %.256q", from, pid.GetAddress())
		}
	default:
		return nil
	}
	if pid.GetId() == "" || pid.GetAddress() == "" {
		return fmt.Errorf("a message of type %s without an actor", name)
	}
	return nil
}
