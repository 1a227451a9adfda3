package peer

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// departure is a stream of our engine to another node.
type departure struct {
	grpc.ClientStream
	m        *Mesh
	address  string
	cancel   context.CancelFunc
	deadline *time.Timer
	told     atomic.Bool // the engine knows that its endpoint has ended
}

func (d *departure) end() { d.cancel() }

// departures is around every stream that our engine opens.
func (m *Mesh) departures() grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, client *grpc.ClientConn, name string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		if name != receive {
			return nil, unused(name)
		}
		return m.depart(ctx, client.Target(), func(ctx context.Context) (grpc.ClientStream, error) {
			return open(ctx, desc, client, name, options...)
		})
	}
}

func (m *Mesh) depart(ctx context.Context, address string, open func(context.Context) (grpc.ClientStream, error)) (grpc.ClientStream, error) {
	ctx, cancel := context.WithCancel(ctx)
	d := &departure{m: m, address: address, cancel: cancel}
	err := error(status.Error(codes.PermissionDenied, "not a member"))
	// Held before it is asked for: End comes behind Member's change, and finds it.
	if m.hold(address, d) && m.handler.Member(address) {
		d.ClientStream, err = open(ctx)
	}
	if err != nil {
		cancel()
		m.release(address, d)
		return nil, err
	}
	d.deadline = time.AfterFunc(cardTime, cancel) // the engine waits for the first answer for ever
	return d, nil
}

// RecvMsg hides the end of a stream whose endpoint has ended from the engine: told of it again, it would end
// the endpoint that has come after.
func (d *departure) RecvMsg(msg any) error {
	err := d.ClientStream.RecvMsg(msg)
	d.deadline.Stop()
	if err == nil {
		return nil
	}
	d.cancel()
	d.m.release(d.address, d)
	if d.told.Load() {
		return io.EOF
	}
	if err == io.EOF { // it would not notice that the stream is over
		return status.Error(codes.Unavailable, "the node has ended the stream")
	}
	return err
}

// partSize is how large a part of a batch is. Batches are as large as a thousand messages are.
const partSize = 4 << 20

// SendMsg sends a batch in parts that a node accepts.
func (d *departure) SendMsg(msg any) error {
	r, _ := msg.(*remote.RemoteMessage)
	b := r.GetMessageBatch()
	if b == nil {
		return d.ClientStream.SendMsg(msg)
	}
	if !d.m.handler.Member(d.address) {
		d.cancel()
		return status.Error(codes.PermissionDenied, "not a member")
	}
	for all := b.GetEnvelopes(); len(all) > 0; {
		n, size := 1, envelopeSize(all[0])
		for n < len(all) && size+envelopeSize(all[n]) <= partSize {
			size += envelopeSize(all[n])
			n++
		}
		if err := d.part(b, all[:n], size); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

func envelopeSize(e *remote.MessageEnvelope) int {
	size := len(e.GetMessageData()) + 64
	if e.GetMessageHeader() != nil {
		size += proto.Size(e.GetMessageHeader())
	}
	return size
}

// part sends some of a batch's messages. One that is larger than a part goes alone, if a node accepts it.
func (d *departure) part(b *remote.MessageBatch, envelopes []*remote.MessageEnvelope, size int) error {
	batch := &remote.MessageBatch{
		TypeNames: b.GetTypeNames(), Targets: b.GetTargets(), Senders: b.GetSenders(), Envelopes: envelopes,
	}
	if size > partSize {
		batch = alone(b, envelopes[0])
		if proto.Size(batch) > maxMessage-maxFrame {
			d.m.refuseBatch(batch)
			return nil
		}
	}
	return d.ClientStream.SendMsg(&remote.RemoteMessage{MessageType: &remote.RemoteMessage_MessageBatch{MessageBatch: batch}})
}

// maxFrame is room for what is around a batch.
const maxFrame = 64

// alone is a batch of one message of another, with the names that it needs.
func alone(b *remote.MessageBatch, e *remote.MessageEnvelope) *remote.MessageBatch {
	one := &remote.MessageEnvelope{
		MessageData: e.GetMessageData(), SerializerId: e.GetSerializerId(), MessageHeader: e.GetMessageHeader(),
		TargetRequestId: e.GetTargetRequestId(), SenderRequestId: e.GetSenderRequestId(),
	}
	batch := &remote.MessageBatch{
		TypeNames: []string{b.GetTypeNames()[e.GetTypeId()]},
		Targets:   []*actor.PID{b.GetTargets()[e.GetTarget()]},
		Envelopes: []*remote.MessageEnvelope{one},
	}
	if e.GetSender() > 0 {
		batch.Senders = []*actor.PID{b.GetSenders()[e.GetSender()-1]}
		one.Sender = 1
	}
	return batch
}
