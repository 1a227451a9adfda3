package peer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/messages"
)

const (
	firstPause = 100 * time.Millisecond
	mostPause  = time.Second
	cardTime   = 5 * time.Second // in which the first message of a stream must come
)

// line tries to have a stream to one node, until it is forgotten.
type line struct {
	m       *Mesh
	address string
	ctx     context.Context
	cancel  context.CancelFunc
	up      atomic.Pointer[stream] // nil: none now
}

func newLine(m *Mesh, address string) *line {
	l := &line{m: m, address: address}
	l.ctx, l.cancel = context.WithCancel(m.ctx)
	return l
}

// errAlias says that a node was dialled at an address that is not the one in its card.
var errAlias = errors.New("peer: the node has another address")

func (l *line) run() {
	defer l.cancel()
	pause := firstPause
	for l.ctx.Err() == nil {
		met, err := l.attempt()
		switch {
		case l.ctx.Err() != nil, errors.Is(err, errOurselves):
			return
		case met:
			pause = firstPause
			l.m.handler.Parted(l.address)
		case !errors.Is(err, errAlias):
			l.m.say(l.address, "no stream to a node", err)
		}
		if met || status.Code(err) == codes.Unavailable {
			l.probe()
		}
		l.rest(time.Duration((0.5 + rand.Float64()/2) * float64(pause)))
		pause = min(2*pause, mostPause)
	}
}

// rest returns early when the line ends.
func (l *line) rest(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.ctx.Done():
	}
}

// probe tells of a node whose port refuses connections.
func (l *line) probe() {
	if l.m.refuses(l.ctx, l.address) && l.ctx.Err() == nil {
		l.m.dead(l.address)
		l.m.handler.Dead(l.address)
	}
}

// attempt has one stream until it ends, and tells whether the node was met on it.
func (l *line) attempt() (met bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = l.m.panicked(v)
		}
	}()
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	// A client for each attempt: gRPC's own would have its own mind about when to try again.
	client, err := grpc.NewClient("passthrough:///"+l.address, l.m.dialOptions()...)
	if err != nil {
		return false, err
	}
	defer client.Close()
	deadline := time.AfterFunc(cardTime, cancel)
	defer deadline.Stop()
	wire, err := client.NewStream(ctx, description(), method)
	if err != nil {
		return false, err
	}
	card := cardOf(l.m.handler)
	_ = wire.SendMsg(card) // RecvMsg has the reason
	first := new(messages.Peer)
	if err := wire.RecvMsg(first); err != nil {
		return false, err
	}
	if !deadline.Stop() {
		return false, context.DeadlineExceeded
	}
	link, err := linkOf(wire.Context())
	if err != nil {
		return false, err
	}
	who, err := l.m.accept(first, link)
	if err != nil {
		return false, err
	}
	if who.GetAddress() != l.address {
		return false, l.yield(cancel, who.GetAddress())
	}
	met = true // a panic changes nothing about that
	return met, l.talk(newStream(l.m, wire, who), card, link, cancel)
}

// talk is a stream's life once both sides have accepted each other.
func (l *line) talk(s *stream, card *messages.Peer, link *link, cancel func()) error {
	l.m.unsay(l.address)
	l.m.alive(l.address)
	l.up.Store(s)
	if now := cardOf(l.m.handler); !proto.Equal(now, card) {
		s.push(now) // Recard came between
	}
	var writer sync.WaitGroup
	writer.Go(s.write)
	defer func() {
		l.up.Store(nil)
		s.finish()
		cancel()
		writer.Wait()
	}()
	l.m.handler.Met(s.who)
	return s.read(link)
}

// yield lets a line to the node's own address take over, and waits for as long as there is one: two streams
// from one node would end each other.
func (l *line) yield(cancel func(), address string) error {
	cancel()
	l.m.Know(address)
	for l.m.knows(address) && l.ctx.Err() == nil {
		l.rest(mostPause)
	}
	return errAlias
}

func (m *Mesh) knows(address string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lines[address] != nil
}

// panicked turns a panic on a stream's goroutine into the stream's end.
func (m *Mesh) panicked(v any) error {
	m.log.Error("a stream between nodes panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	return status.Error(codes.Internal, "panic")
}
