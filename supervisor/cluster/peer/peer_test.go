package peer_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"

	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// engines are two nodes with the engine's real remote, for all tests. They start before anything else: the
// start of a remote sets the logger of gRPC, which is read without a lock.
var engines [2]*server

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	authority, err = peer.NewAuthority()
	if err != nil {
		panic(err)
	}
	security, err := authority.Write(dir, "127.0.0.1", "localhost")
	if err != nil {
		panic(err)
	}
	for i := range engines {
		engines[i] = startEngine(security)
	}
	engines[0].mesh.Refused = engines[0].refuse // that of the other has none
	code := m.Run()
	for _, e := range engines {
		e.mesh.Close()
		e.remote.Shutdown(false)
	}
	if code == 0 {
		if err := leak.Check(3 * time.Second); err != nil {
			fmt.Fprintf(os.Stderr, "the tests passed but left goroutines: %v\n", err)
			return 1
		}
	}
	return code
}

// authority is who signed the certificates of engines.
var authority peer.Authority

// deadline is for what comes at once on an idle machine.
const deadline = 20 * time.Second

// house is the handler of a node in tests.
type house struct {
	card   atomic.Pointer[messages.Card]
	met    chan *messages.Member
	heard  chan *messages.Peer
	dead   chan string
	parted chan string

	cards   atomic.Int64 // times that Card was asked for
	hearing atomic.Int64 // times that Heard was called
	log     logged

	mu      sync.Mutex
	members map[string]bool
	hold    chan struct{} // Heard waits for it
	doubt   chan struct{} // Member waits for it
	shy     int           // times that Member says no first
	refused chan refusal
}

func (h *house) Card() *messages.Card {
	h.cards.Add(1)
	return h.card.Load()
}

func (h *house) Met(who *messages.Member) { h.met <- who }

func (h *house) Heard(_ *messages.Member, p *messages.Peer) {
	h.hearing.Add(1)
	h.mu.Lock()
	hold := h.hold
	h.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if p.GetUserAsk().GetUid() == "panic" {
		panic("as it was told")
	}
	h.heard <- p
}

func (h *house) Dead(address string) {
	select {
	case h.dead <- address:
	default: // it is told again and again
	}
}

func (h *house) Parted(address string) { h.parted <- address }

func (h *house) Member(address string) bool {
	h.mu.Lock()
	doubt := h.doubt
	h.mu.Unlock()
	if doubt != nil {
		<-doubt
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.members[address] && h.shy > 0 {
		h.shy--
		return false
	}
	return h.members[address]
}

func (h *house) admit(address string, is bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.members[address] = is
}

// logged is what a node has logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// awaitLine waits for a text in the log.
func (h *house) awaitLine(t testing.TB, text string) {
	t.Helper()
	eventually(t, text, func() bool { return strings.Contains(h.log.String(), text) })
}

// eventually waits for what no channel tells of.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(deadline); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s has not come", what)
		}
	}
}

// server is a node.
type server struct {
	*house
	address string
	mesh    *peer.Mesh
	stop    func()

	system *actor.ActorSystem // of an engine
	remote *remote.Remote
}

// start starts a node without an engine; change, if it is there, changes what it is made of.
func start(t testing.TB, security peer.TLS, change func(*peer.Config, *messages.Card)) *server {
	t.Helper()
	return startAt(t, freeAddress(t), security, change)
}

func startAt(t testing.TB, address string, security peer.TLS, change func(*peer.Config, *messages.Card)) *server {
	t.Helper()
	s, err := newServer(address, security, change)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(s.mesh.ServerOptions()...)
	served := make(chan error, 1)
	go func() { served <- g.Serve(l) }()
	s.stop = sync.OnceFunc(func() {
		s.mesh.Close()
		g.Stop()
		<-served
	})
	t.Cleanup(s.stop)
	return s
}

func newServer(address string, security peer.TLS, change func(*peer.Config, *messages.Card)) (*server, error) {
	h := &house{
		met: make(chan *messages.Member, 1024), heard: make(chan *messages.Peer, 1<<17),
		dead: make(chan string, 1024), parted: make(chan string, 1024), members: map[string]bool{},
	}
	c := peer.Config{Cluster: "test", Address: address, TLS: security, Log: slog.New(slog.NewTextHandler(&h.log, nil))}
	card := &messages.Card{
		Cluster: "test", Version: peer.Version, Types: peer.Types(),
		Member: &messages.Member{Id: "boot-" + address + ".1", Address: address},
	}
	if change != nil {
		change(&c, card)
	}
	h.card.Store(card)
	m, err := peer.New(c, h)
	return &server{house: h, address: address, mesh: m}, err
}

// startEngine starts a node with an engine.
func startEngine(security peer.TLS) *server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s, err := newServer(address, security, func(c *peer.Config, _ *messages.Card) { c.Queue = 1000 })
	if err != nil {
		panic(err)
	}
	s.system = actor.NewActorSystemWithConfig(actor.Configure(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler)
	})))
	s.system.ProcessRegistry.RegisterAddressResolver(s.mesh.Resolver(s.system))
	host, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	config := remote.Configure(
		host, number, remote.WithAdvertisedHost(address), remote.WithEndpointWriterQueueSize(1024),
		remote.WithServerOptions(s.mesh.ServerOptions()...), remote.WithDialOptions(s.mesh.DialOptions()...),
	)
	config.MaxRetryCount = 1
	s.remote = remote.NewRemote(s.system, config)
	s.remote.Start()
	s.mesh.Engine(s.remote)
	s.settle()
	return s
}

// settle waits until the goroutine that serves a new engine has said so in gRPC's log. A handshake that ends
// at once says nothing there, and begins with the lock on the certificates.
func (s *server) settle() {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, conn)
	s.mesh.LockCertificates()
}

// freeAddress is one on the loopback interface that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func generate(t testing.TB) peer.TLS {
	t.Helper()
	security, err := peer.Generate(t.TempDir(), "127.0.0.1", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	return security
}

// generateFor is a certificate of the engines' authority.
func generateFor(t testing.TB) peer.TLS {
	t.Helper()
	security, err := authority.Write(t.TempDir(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return security
}

// next is what comes out of a channel.
func next[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(deadline):
		t.Fatalf("%s has not come", what)
		panic("unreachable")
	}
}

// pair is two nodes that have met in both directions, and are members for each other.
func pair(t testing.TB, security peer.TLS, change func(*peer.Config, *messages.Card)) (a, b *server) {
	t.Helper()
	a, b = start(t, security, change), start(t, security, change)
	befriend(t, a, b)
	return a, b
}

func befriend(t testing.TB, a, b *server) {
	t.Helper()
	a.admit(b.address, true)
	b.admit(a.address, true)
	a.mesh.Know(b.address)
	b.mesh.Know(a.address)
	for range 2 { // a stream from it, and one to it
		next(t, a.met, "a's meeting")
		next(t, b.met, "b's meeting")
	}
}

func beat(n int) *messages.Peer {
	return &messages.Peer{Body: &messages.Peer_Beat{Beat: &messages.Beat{Sent: int64(n)}}}
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
