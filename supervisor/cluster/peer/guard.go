package peer

import (
	"time"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// receive is the engine's one method that nodes use.
const receive = "/remote.Remoting/Receive"

const (
	memberTime = time.Second           // for which a node that is no member yet is kept waiting
	memberPoll = 20 * time.Millisecond // the view that makes it one may be on its way
)

// guard is around every stream that others open: it lets two methods through, and no panic.
func (m *Mesh) guard(srv any, wire grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = m.panicked(v)
		}
	}()
	switch info.FullMethod {
	case method:
		return handler(srv, wire)
	case receive:
		return m.attend(srv, wire, handler)
	default:
		return unused(info.FullMethod)
	}
}

// arrival is a stream of another node's engine, which ours reads through it.
type arrival struct {
	grpc.ServerStream
	m        *Mesh
	link     *link
	address  string // whose it is; empty before it has said
	deadline *time.Timer
}

func (a *arrival) end() { a.link.end() }

func (m *Mesh) attend(srv any, wire grpc.ServerStream, handler grpc.StreamHandler) error {
	link, err := linkOf(wire.Context())
	if err != nil {
		return err
	}
	a := &arrival{ServerStream: wire, m: m, link: link}
	if !m.enter(a) {
		return status.Error(codes.Unavailable, "the node ends")
	}
	defer m.leave(a)
	a.deadline = time.AfterFunc(cardTime, a.end)
	defer a.deadline.Stop()
	defer func() { m.release(a.address, a) }()
	return handler(srv, a)
}

// RecvMsg gives the engine only what cannot harm it.
func (a *arrival) RecvMsg(msg any) error {
	if err := a.ServerStream.RecvMsg(msg); err != nil {
		return err
	}
	r, _ := msg.(*remote.RemoteMessage)
	err := a.look(r)
	if err != nil {
		a.m.breaches.Add(1)
		a.m.log.Warn("a stream of another node's engine is refused", "address", a.address, "why", err)
	}
	return err
}

func (a *arrival) look(r *remote.RemoteMessage) error {
	if a.address == "" {
		return a.greet(r.GetConnectRequest().GetServerConnection())
	}
	if !a.m.handler.Member(a.address) {
		return status.Error(codes.PermissionDenied, "not a member")
	}
	b := r.GetMessageBatch()
	if b == nil {
		return status.Error(codes.InvalidArgument, "neither a batch of messages nor the first message")
	}
	if err := check(b, a.m.config.Address, a.address); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

// greet is for the first message, which says whose engine it is.
func (a *arrival) greet(c *remote.ServerConnection) error {
	if !a.deadline.Stop() {
		return status.Error(codes.DeadlineExceeded, "too late")
	}
	if c == nil {
		return status.Error(codes.InvalidArgument, "the first message does not say whose it is")
	}
	host, err := hostOf(c.GetAddress())
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "the address: %v", err)
	}
	if err := a.link.speaksFor(host); err != nil {
		return status.Errorf(codes.PermissionDenied, "the certificate is not for %q: %v", c.GetAddress(), err)
	}
	// Held before it is asked for: End comes behind Member's change, and finds it.
	a.address = c.GetAddress()
	if !a.m.hold(a.address, a) || !a.member() {
		return status.Error(codes.PermissionDenied, "not a member")
	}
	return nil
}

// member waits for a moment: nodes do not learn of a new view at once, and an engine that is refused loses
// what it had to say.
func (a *arrival) member() bool {
	t := time.NewTicker(memberPoll)
	defer t.Stop()
	for end := time.Now().Add(memberTime); !a.m.handler.Member(a.address); {
		if time.Now().After(end) {
			return false
		}
		select {
		case <-t.C:
		case <-a.Context().Done():
			return false
		}
	}
	return true
}

// hold makes a stream of an engine one that End ends. A closed mesh holds none.
func (m *Mesh) hold(address string, e ender) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	if m.engine[address] == nil {
		m.engine[address] = map[ender]struct{}{}
	}
	m.engine[address][e] = struct{}{}
	return true
}

func (m *Mesh) release(address string, e ender) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.engine[address], e)
	if len(m.engine[address]) == 0 {
		delete(m.engine, address)
	}
}
