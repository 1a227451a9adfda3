package peer

import (
	"context"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/messages"
)

// method is the one of our own streams. It is no part of a service that anybody registers, as the server is
// the engine's: unknown methods come to us.
const method = "/fairlead.v1.Nodes/Talk"

func description() *grpc.StreamDesc {
	return &grpc.StreamDesc{StreamName: "Talk", ServerStreams: true, ClientStreams: true}
}

// wire is gRPC's side of a stream, whoever opened it.
type wire interface {
	Context() context.Context
	SendMsg(m any) error
	RecvMsg(m any) error
}

// stream is one of our streams behind its first cards: whoever sends puts messages into the queue, write
// takes them out, and read, on another goroutine, hears what comes.
type stream struct {
	m    *Mesh
	wire wire
	who  *messages.Member // read's

	mu      sync.Mutex // senders are any goroutines, and wait for nobody
	queue   []*messages.Peer
	waiting int // in the queue, or taken from it and not sent
	over    bool
	wake    chan struct{}
}

func newStream(m *Mesh, wire wire, who *messages.Member) *stream {
	return &stream{m: m, wire: wire, who: who, wake: make(chan struct{}, 1)}
}

// send queues a message, if there is room.
func (s *stream) send(p *messages.Peer) error {
	if proto.Size(p) > maxMessage {
		return ErrTooLarge
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return ErrNoPeer
	}
	if s.waiting >= s.m.config.Queue {
		return ErrBusy
	}
	s.add(p)
	return nil
}

// push queues a card, which is for all streams or none.
func (s *stream) push(p *messages.Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.add(p)
	}
}

func (s *stream) add(p *messages.Peer) {
	s.queue = append(s.queue, p)
	s.waiting++
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// finish lets no more in.
func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.queue = true, nil
}

func (s *stream) take() []*messages.Peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.queue
	s.queue = nil
	return taken
}

func (s *stream) sent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
}

// write sends what is queued until the stream ends.
func (s *stream) write() {
	for {
		for _, p := range s.take() {
			if s.put(p) != nil {
				return // read has the reason
			}
			s.sent()
		}
		select {
		case <-s.wake:
		case <-s.wire.Context().Done():
			return
		}
	}
}

// put sends one message. One that cannot be encoded is lost alone: SendMsg would end the stream.
func (s *stream) put(p *messages.Peer) error {
	var ready grpc.PreparedMsg
	if err := ready.Encode(s.wire, p); err != nil {
		s.m.log.Error("a message to a node cannot be encoded", "address", s.who.GetAddress(), "error", err)
		return nil
	}
	return s.wire.SendMsg(&ready)
}

// read hears what comes until the stream ends.
func (s *stream) read(l *link) error {
	for {
		p := new(messages.Peer)
		if err := s.wire.RecvMsg(p); err != nil {
			return err
		}
		switch p.GetBody().(type) {
		case nil: // of a kind that we do not know
		case *messages.Peer_Card:
			who, err := s.m.accept(p, l)
			if err != nil {
				return err
			}
			if who.GetAddress() != s.who.GetAddress() {
				return status.Error(codes.InvalidArgument, "a node has changed its address")
			}
			s.who = who
			s.m.handler.Met(who)
		default:
			s.m.handler.Heard(s.who, p)
		}
	}
}
