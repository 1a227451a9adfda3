package interop_test

import (
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/supervisor"
)

// configureSIO sets the options of a profile.
type configureSIO func(*sio.Connector, *supervisor.Config)

// serveSIO starts the applications of the kit and of the recorded server for
// socket.io clients, on a port of its own unless set says another. Pushes do not
// wait. It stops with the test.
func serveSIO(t *testing.T, set configureSIO) (addr string) {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	kit, recorded := newSioApp(), &app{}
	kit.root = system.Root
	kit.pid = system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return kit }))
	c := &sio.Connector{Addr: "127.0.0.1:0", Tick: -1}
	cfg := supervisor.Config{
		Connectors: []connectors.Source{c},
		Routes:     []actors.Route{kit.routes(), recorded.routes()},
		Handshake:  kit.letIn,
		Events:     kit.pid,
		Logger:     quiet,
	}
	set(c, &cfg)
	var err error
	if recorded.fl, err = supervisor.Start(system, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		recorded.fl.Stop()
		system.Shutdown()
	})
	return recorded.fl.Addrs("sio")[0].String()
}

// inBubble runs f against a server on a network in memory, in virtual time.
func inBubble(t *testing.T, set configureSIO, f func(t *testing.T, place *memory.Listener)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		place := memory.Listen("rules")
		t.Cleanup(func() { time.Sleep(time.Minute) }) // until actors and what is hung up have gone
		serveSIO(t, func(c *sio.Connector, cfg *supervisor.Config) {
			c.Addr, c.Port = "", &port.Port{Listener: lan{place}}
			set(c, cfg)
		})
		f(t, place)
	})
}

// events serves events, which say on the wire what they are.
func events(c *sio.Connector, _ *supervisor.Config) {
	c.Namespaces = []string{"/custom"}
	c.Modes = []socketio.Mode{socketio.Events}
}

// lan is a network in memory whose clients have addresses.
type lan struct{ *memory.Listener }

func (l lan) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return neighbour{c}, nil
}

type neighbour struct{ net.Conn }

func (neighbour) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000} }
