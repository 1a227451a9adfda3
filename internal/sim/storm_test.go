package sim_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// storm is a living server, in real time, every callback of which panics when it is told to.
type storm struct {
	t      *testing.T
	system *actor.ActorSystem
	fl     *supervisor.Fairlead
	events *actor.PID
	count  sync.Map // of panics: *atomic.Int64 by place
	accept atomic.Bool

	// One connector has a message layer of its own, one is in a hurry.
	connectors map[string]*tapped
}

// fuse is what blows, once, for one client.
type fuse struct {
	place string
	blown atomic.Bool
	done  chan struct{}
}

// blow panics if it is time.
func (s *storm) blow(f *fuse, place string) {
	if f != nil && f.place == place && !f.blown.Swap(true) {
		s.hit(place)
		close(f.done)
		panic("sim: " + place)
	}
}

// hit counts a panic that is about to be.
func (s *storm) hit(place string) {
	n, _ := s.count.LoadOrStore(place, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

func (s *storm) hits(place string) int64 {
	n, ok := s.count.Load(place)
	if !ok {
		return 0
	}
	return n.(*atomic.Int64).Load()
}

func newStorm(t *testing.T) *storm {
	s := &storm{t: t, connectors: map[string]*tapped{}}
	quiet := slog.New(slog.DiscardHandler)
	s.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	s.events = s.system.Root.Spawn(actor.PropsFromFunc(s.event, actor.WithGuardian(actor.NewRestartingStrategy())))
	s.system.EventStream.Subscribe(func(ev any) {
		if m, ok := ev.(*messages.Closed); ok {
			s.blow(s.fuseOf(m.Session), "event stream subscriber")
		}
	})
	var sources []connectors.Source
	for _, c := range []*memory.Connector{
		{ID: "sim", CheckClient: s.check},
		{ID: "custom", Decode: s.decode, Encode: s.encode},
		{ID: "hasty", HandshakeTime: time.Millisecond},
		{ID: "brought", Delivered: true},
	} {
		w := &tapped{Connector: c, storm: s}
		s.connectors[c.ID] = w
		sources = append(sources, w)
	}
	var err error
	s.fl, err = supervisor.Start(s.system, supervisor.Config{
		Connectors: sources, Routes: s.routes(), Filters: []actors.Filter{s.filter},
		Handshake: s.handshake, Events: s.events, Logger: quiet,
		Faults: supervisor.Faults{
			Panics:   actors.Intensity{Most: -1},
			Tree:     actors.Intensity{Most: -1},
			Listener: actors.Backoff{First: time.Microsecond, Most: time.Microsecond},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tapped is a memory connector whose clients have fuses, by the numbers of their addresses.
type tapped struct {
	*memory.Connector
	storm *storm

	mu    sync.Mutex // clients come from many goroutines
	fuses []*fuse
}

// dial brings a client with a fuse.
func (w *tapped) dial(place string) (net.Conn, *fuse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &fuse{place: place, done: make(chan struct{})}
	w.fuses = append(w.fuses, f)
	c, err := w.Connector.Dial()
	return c, f, err
}

func (w *tapped) fuse(addr string) *fuse {
	_, no, _ := strings.Cut(addr, "#")
	n, _ := strconv.Atoi(no)
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < 1 || n > len(w.fuses) {
		return nil
	}
	return w.fuses[n-1]
}

func (s *storm) fuseOf(m *messages.Session) *fuse {
	if w := s.connectors[m.GetConnector()]; w != nil {
		return w.fuse(m.RemoteAddr)
	}
	return nil
}

func (w *tapped) Listen(ctx context.Context) ([]connectors.Listener, error) {
	list, err := w.Connector.Listen(ctx)
	for i := range list {
		list[i] = &tappedListener{list[i], w}
	}
	return list, err
}

func (w *tapped) Protocol(c connectors.Conn) connectors.Protocol {
	conn := c.(interface{ tapped() *tappedConn }).tapped()
	w.storm.blow(conn.fuse, "Connector.Protocol")
	return &tappedProtocol{w.Connector.Protocol(conn.Conn), conn.tap}
}

type tappedListener struct {
	connectors.Listener
	of *tapped
}

func (l *tappedListener) Accept() (connectors.Conn, error) {
	if l.of.storm.accept.Swap(false) {
		l.of.storm.hit("Listener.Accept")
		panic("sim: accept")
	}
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &tappedConn{c, tap{l.of.storm, l.of.fuse(c.RemoteAddr().String())}}
	if d, ok := c.(connectors.Deliverer); ok {
		return &tappedDeliverer{t, d}, nil
	}
	return t, nil
}

// tap is where panics come in.
type tap struct {
	storm *storm
	fuse  *fuse
}

func (t tap) blow(place string) { t.storm.blow(t.fuse, place) }

type tappedConn struct {
	connectors.Conn
	tap
}

func (c *tappedConn) tapped() *tappedConn { return c }

func (c *tappedConn) ReadFrames() ([]connectors.Frame, error) {
	c.blow("Conn.ReadFrames")
	return c.Conn.ReadFrames()
}

func (c *tappedConn) Write(b net.Buffers) error { c.blow("Conn.Write"); return c.Conn.Write(b) }
func (c *tappedConn) SetReadLimit(n int)        { c.Conn.SetReadLimit(n); c.blow("Conn.SetReadLimit") }
func (c *tappedConn) Close(r connectors.Reason) { c.Conn.Close(r); c.blow("Conn.Close") }
func (c *tappedConn) Transport() string         { c.blow("Conn.Transport"); return c.Conn.Transport() }

type tappedDeliverer struct {
	*tappedConn
	to connectors.Deliverer
}

func (d *tappedDeliverer) Deliver(to connectors.Sink) { d.blow("Conn.Deliver"); d.to.Deliver(to) }

type tappedProtocol struct {
	connectors.Protocol
	tap
}

func (p *tappedProtocol) Open(step *connectors.Step, now time.Time) {
	p.blow("Protocol.Open")
	p.Protocol.Open(step, now)
}

func (p *tappedProtocol) Feed(step *connectors.Step, f connectors.Frame, now time.Time) {
	p.blow("Protocol.Feed")
	p.Protocol.Feed(step, f, now)
	if _, ours := step.Codec.(tappedCodec); step.Codec != nil && !ours {
		step.Codec = tappedCodec{step.Codec, p.storm}
	}
}

func (p *tappedProtocol) Expire(step *connectors.Step, now time.Time) {
	p.blow("Protocol.Expire")
	p.Protocol.Expire(step, now)
}

func (p *tappedProtocol) Welcome(step *connectors.Step, user any, err error, now time.Time) {
	p.blow("Protocol.Welcome")
	p.Protocol.Welcome(step, user, err, now)
}

type tappedCodec struct {
	connectors.Codec
	storm *storm
}

func (c tappedCodec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	if r.Error == nil && string(r.Body) == `"Codec.AppendResponse"` {
		c.storm.hit("Codec.AppendResponse")
		panic("sim: append response")
	}
	return c.Codec.AppendResponse(dst, to, r)
}

func (c tappedCodec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	if p.Route == boomRoute {
		c.storm.hit("Codec.AppendPush")
		panic("sim: append push")
	}
	return c.Codec.AppendPush(dst, p)
}

func (c tappedCodec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	if k.Reason == boomReason {
		c.storm.hit("Codec.AppendKick")
		panic("sim: append kick")
	}
	return c.Codec.AppendKick(dst, k)
}

// alive are the actors of sockets that are registered.
func (s *storm) alive() (ids []string) {
	for _, part := range s.system.ProcessRegistry.LocalPIDs.LocalPIDs {
		part.IterCb(func(id string, _ any) {
			if strings.Contains(id, "/socket/") || strings.Contains(id, "/sessions/own/") {
				ids = append(ids, id)
			}
		})
	}
	return ids
}

// left says what is there besides a server without clients.
func (s *storm) left() string {
	if st := s.fl.Stats(); st.Connections != 0 || st.Ready != 0 || st.Users != 0 {
		return fmt.Sprintf("%d connections, %d ready", st.Connections, st.Ready)
	}
	if ids := s.alive(); len(ids) > 0 {
		return fmt.Sprintf("%d actors, one is %s", len(ids), ids[0])
	}
	return ""
}
