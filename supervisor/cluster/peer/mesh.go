// Package peer is how the nodes of a cluster reach each other: one stream in each direction between two
// nodes for what nodes say, and a guard around the engine's own streams for what actors say. Both run over
// the engine's port, with mutual TLS.
package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/eventstream"
	"github.com/asynkron/protoactor-go/remote"

	"github.com/fairlead-go/fairlead/internal/calm"
	"github.com/fairlead-go/fairlead/messages"
)

// Version is that of what nodes say to each other. Nodes of different versions refuse each other.
const Version = 1

// What keeps a message from being sent.
var (
	// ErrBusy says that too many messages wait for the node.
	ErrBusy = errors.New("peer: too many messages wait for the node")
	// ErrNoPeer says that the node is no member, is dead, or that no stream leads there now.
	ErrNoPeer = errors.New("peer: no way to the node")
	// ErrForeign says that a message is no protobuf message, and those do not travel.
	ErrForeign = errors.New("peer: only protobuf messages travel between nodes")
	// ErrTooLarge says that a message is larger than a node accepts.
	ErrTooLarge = errors.New("peer: message over 16 MiB")
)

// Config of a mesh.
type Config struct {
	// Cluster is its name. Nodes of different clusters refuse each other.
	Cluster string
	// Address is ours, host:port as others reach it.
	Address string
	// Bind is the host that connections to other nodes come from: the one the node listens on. Empty, or no
	// address of one interface: the system chooses.
	Bind string
	// TLS is how nodes know each other.
	TLS TLS
	// Log is for what goes wrong between nodes. Nil means slog.Default().
	Log *slog.Logger
	// Queue is how many messages may wait for a node: that many of nodes, and as many of actors. Zero means 65,536.
	Queue int
	// Types are the hashes of the messages that we know, as in messages.Card. Nil means Types().
	Types map[string]uint64
}

// Handler is told what happens between nodes. Its methods are called by many goroutines, and must not call
// Mesh.Close.
type Handler interface {
	// Card is ours now: it is sent first on every stream, and again by Recard.
	Card() *messages.Card
	// Met tells that a stream to or from a node is there and that its card, which may be a newer one, is accepted.
	Met(who *messages.Member)
	// Heard is called in order for each stream, by one goroutine. It must not block long.
	Heard(from *messages.Member, p *messages.Peer)
	// Dead tells that the node's port refuses connections. It is told again for as long as that is so.
	Dead(address string)
	// Parted tells that a stream to or from the node broke, after Met for it. Nothing more is known.
	Parted(address string)
	// Member tells whether a node may exchange messages of actors with us now.
	Member(address string) bool
}

// Mesh is the streams of one node.
type Mesh struct {
	// Refused is called with messages of our actors that were not given to the engine, and why. It must be set
	// before the resolver is registered. Nil makes them dead letters.
	Refused func(pid *actor.PID, message any, sender *actor.PID, why error)

	config  Config
	handler Handler
	creds   *creds
	log     *slog.Logger

	ctx    context.Context // ends with the mesh: it is what its goroutines live by
	cancel context.CancelFunc
	work   sync.WaitGroup

	// A lock and no actor: it is taken by goroutines of gRPC and by whoever sends, which wait for nobody.
	mu     sync.Mutex
	closed bool
	lines  map[string]*line
	calls  map[string]*call              // the stream from each node
	open   map[ender]struct{}            // every stream that others opened
	engine map[string]map[ender]struct{} // the engine's streams from and to each node
	said   map[string]string             // the last refusal that was logged, by address

	nodes    sync.Map // address to *node: what actors have sent there
	remote   atomic.Pointer[remote.Remote]
	system   atomic.Pointer[actor.ActorSystem]
	events   *eventstream.Subscription
	breaches atomic.Uint64
	refusals atomic.Uint64
}

// ender is something that can be ended from outside.
type ender interface{ end() }

// New makes the mesh of a node. It does nothing before Know, and serves nobody before a server has its options.
func New(c Config, h Handler) (*Mesh, error) {
	host, err := hostOf(c.Address)
	if err != nil {
		return nil, fmt.Errorf("peer: our own address: %w", err)
	}
	c.Log = calm.New(c.Log)
	if c.Queue == 0 {
		c.Queue = 65536
	}
	if c.Types == nil {
		c.Types = Types()
	}
	if c.TLS.Insecure && !loopback(host) {
		return nil, fmt.Errorf("peer: without TLS a node may be on the loopback interface only, not on %q", host)
	}
	store, err := openStore(c.TLS, c.Log)
	if err != nil {
		return nil, err
	}
	m := &Mesh{
		config: c, handler: h, log: c.Log, creds: &creds{store: store},
		lines: map[string]*line{}, calls: map[string]*call{}, open: map[ender]struct{}{},
		engine: map[string]map[ender]struct{}{}, said: map[string]string{},
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m, nil
}

// hostOf is the host of an address that others may dial.
func hostOf(address string) (string, error) {
	if len(address) > maxAddress {
		return "", fmt.Errorf("longer than %d bytes", maxAddress)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
		return "", fmt.Errorf("%q is no host:port", address)
	}
	return host, nil
}

const maxAddress = 256

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Know keeps trying to have a stream to each node, until Forget.
func (m *Mesh) Know(addresses ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, address := range addresses {
		if m.closed || address == m.config.Address || m.lines[address] != nil {
			continue
		}
		l := newLine(m, address)
		m.lines[address] = l
		m.work.Go(l.run)
	}
}

// Forget ends our stream to a node and does not try again. Its stream to us stays.
func (m *Mesh) Forget(address string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.lines[address]; l != nil {
		l.cancel()
		delete(m.lines, address)
	}
	m.nodes.Delete(address)
	delete(m.said, address)
}

// Send sends to a node on our stream to it, which Know has brought about. It never blocks: ErrBusy says
// that too much waits, ErrNoPeer that there is no stream.
func (m *Mesh) Send(address string, p *messages.Peer) error {
	m.mu.Lock()
	l := m.lines[address]
	m.mu.Unlock()
	if l == nil {
		return ErrNoPeer
	}
	s := l.up.Load()
	if s == nil {
		return ErrNoPeer
	}
	return s.send(p)
}

// Recard sends our card, which has changed, on all streams.
func (m *Mesh) Recard() {
	card := cardOf(m.handler)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lines {
		if s := l.up.Load(); s != nil {
			s.push(card)
		}
	}
	for _, c := range m.calls {
		c.push(card)
	}
}

// End ends the engine's streams from and to a node, which is a member no more. Handler.Member says so by
// then. Our own streams stay.
func (m *Mesh) End(address string) {
	if system := m.system.Load(); system != nil {
		system.EventStream.Publish(&remote.EndpointTerminatedEvent{Address: address})
	}
	m.mu.Lock()
	streams := maps.Clone(m.engine[address])
	if m.lines[address] == nil {
		m.nodes.Delete(address)
	}
	m.mu.Unlock()
	for s := range streams {
		s.end()
	}
}

// Counts are what a mesh has counted since it began.
type Counts struct {
	Breaches uint64 // engine streams ended because of what was on them
	Refusals uint64 // messages of our actors that were not given to the engine
}

// Counts of a mesh.
func (m *Mesh) Counts() Counts { return Counts{m.breaches.Load(), m.refusals.Load()} }

// Close ends all streams, and waits for the goroutines that serve them. What actors send to other nodes is
// refused from then on.
func (m *Mesh) Close() {
	m.mu.Lock()
	m.closed = true
	ends := maps.Clone(m.open)
	for _, streams := range m.engine {
		maps.Copy(ends, streams)
	}
	events := m.events
	m.events = nil
	m.mu.Unlock()
	m.cancel()
	if events != nil {
		m.system.Load().EventStream.Unsubscribe(events)
	}
	for s := range ends {
		s.end()
	}
	m.work.Wait()
}
