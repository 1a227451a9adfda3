package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/supervisor"
)

// serveAt, in the environment, makes of the test's program the server that
// -server starts: its value is where to listen.
const serveAt = "ROBOT_TEST_SERVES"

func TestMain(m *testing.M) {
	if addr := os.Getenv(serveAt); addr != "" {
		serveAlone(addr)
		return
	}
	leak.Main(m)
}

func serveAlone(addr string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	_, end, err := startLobby(addr, lobby{})
	if err != nil {
		panic(err)
	}
	defer end()
	<-ctx.Done()
}

type handler = actors.Handler

// lobby is a server's behaviour. Nil handlers do as they should.
type lobby struct {
	handshake        actors.HandshakeFunc
	echo, join, chat handler
	move             handler
}

// serve runs a server until the test ends, and returns its host:port.
func serve(t *testing.T, l lobby) string {
	t.Helper()
	addr, end, err := startLobby("127.0.0.1:0", l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return addr
}

func startLobby(at string, l lobby) (addr string, end func(), err error) {
	quiet := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	routes := actors.NewRoute("lobby")
	actors.HandleRaw(routes, "echo", or(l.echo, echoes))
	actors.HandleRaw(routes, "join", or(l.join, joins))
	actors.HandleRaw(routes, "chat", or(l.chat, chats))
	actors.HandleRaw(routes, "move", or(l.move, moves))
	place, err := net.Listen("tcp", at)
	if err != nil {
		return "", nil, err
	}
	p := &port.Port{Listener: place}
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{&hybrid.Connector{Port: p}, &sio.Connector{Port: p}, &mqtt.Connector{Port: p}, &udp.Connector{Addr: place.Addr().String()}},
		Routes:     []actors.Route{routes},
		Handshake:  l.handshake,
		Logger:     quiet,
	})
	if err != nil {
		system.Shutdown()
		return "", nil, err
	}
	return fl.Addrs("hybrid")[0].String(), func() { fl.Stop(); system.Shutdown() }, nil
}

func or(h, usual handler) handler {
	if h == nil {
		return usual
	}
	return h
}

func echoes(_ *actors.Context, body []byte) ([]byte, error) { return body, nil }

func moves(c *actors.Context, body []byte) ([]byte, error) {
	return nil, c.Group("lobby").PushKey(c.Session().GetId(), "onMove", json.RawMessage(body))
}

func joins(c *actors.Context, body []byte) ([]byte, error) {
	c.Group("lobby").Join(c.Socket())
	return body, nil
}

func chats(c *actors.Context, body []byte) ([]byte, error) {
	return nil, c.Group("lobby").Push("onChat", json.RawMessage(body))
}

// robot runs the robot, for a short time unless the arguments say otherwise.
func robot(t *testing.T, ctx context.Context, args ...string) (report string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	usual := []string{"-conns", "4", "-warm", "0", "-dur", "60ms", "-progress", "0"}
	err = run(ctx, append(usual, args...), &stdout, &stderr)
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", &stderr)
	}
	return stdout.String(), err
}
