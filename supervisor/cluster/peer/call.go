package peer

import (
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcpeer "google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/messages"
)

// call is a stream that another node has opened.
type call struct {
	*stream // nil before cards are exchanged
	link    *link
	done    chan struct{}
}

func (c *call) end() { c.link.end() }

// enter lets a stream of others in, if the mesh is not closed. leave must follow.
func (m *Mesh) enter(e ender) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.work.Add(1)
	m.open[e] = struct{}{}
	return true
}

func (m *Mesh) leave(e ender) {
	m.mu.Lock()
	delete(m.open, e)
	m.mu.Unlock()
	m.work.Done()
}

// serve is gRPC's handler of our own streams.
func (m *Mesh) serve(_ any, wire grpc.ServerStream) error {
	if name, _ := grpc.MethodFromServerStream(wire); name != method {
		return unused(name)
	}
	link, err := linkOf(wire.Context())
	if err != nil {
		return err
	}
	c := &call{link: link, done: make(chan struct{})}
	if !m.enter(c) {
		return status.Error(codes.Unavailable, "the node ends")
	}
	defer m.leave(c)
	defer close(c.done)
	deadline := time.AfterFunc(cardTime, c.end)
	first := new(messages.Peer)
	err = wire.RecvMsg(first)
	if !deadline.Stop() || err != nil {
		return status.Error(codes.DeadlineExceeded, "no card has come")
	}
	card := cardOf(m.handler)
	who, err := m.accept(first, link)
	if errors.Is(err, errOurselves) {
		return wire.SendMsg(card) // the other end says nothing either
	}
	if err != nil {
		m.say(whence(who, wire), "a node is refused", err)
		return err
	}
	c.stream = newStream(m, wire, who)
	return m.answer(c, card)
}

// whence is who was refused: as its card says, or else the host it came from.
func whence(who *messages.Member, wire grpc.ServerStream) string {
	if address := who.GetAddress(); address != "" && len(address) <= maxAddress {
		return address
	}
	if p, ok := grpcpeer.FromContext(wire.Context()); ok {
		if host, _, err := net.SplitHostPort(p.Addr.String()); err == nil {
			return host
		}
	}
	return ""
}

// answer is a call's life once its card is accepted.
func (m *Mesh) answer(c *call, card *messages.Peer) error {
	address := c.who.GetAddress()
	m.relieve(address, c)
	if err := c.wire.SendMsg(card); err != nil {
		return err
	}
	if now := cardOf(m.handler); !proto.Equal(now, card) {
		c.push(now) // Recard came between
	}
	m.unsay(address)
	m.alive(address)
	var writer sync.WaitGroup
	writer.Go(c.write)
	defer func() {
		m.retire(address, c)
		c.finish()
		c.end()
		writer.Wait()
		if m.ctx.Err() == nil {
			m.handler.Parted(address)
		}
	}()
	m.handler.Met(c.who)
	return c.read(c.link)
}

// relieve ends an older stream from the same node, and waits until all that came on it has been heard: what
// comes on the newer was sent later.
func (m *Mesh) relieve(address string, c *call) {
	m.mu.Lock()
	old := m.calls[address]
	m.calls[address] = c
	m.mu.Unlock()
	if old != nil {
		old.end()
		<-old.done
	}
}

func (m *Mesh) retire(address string, c *call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls[address] == c {
		delete(m.calls, address)
	}
}
