package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// serveOn runs a server that echoes, with these connectors, until the test ends.
func serveOn(t *testing.T, handshake actors.HandshakeFunc, list ...connectors.Source) *supervisor.Fairlead {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	t.Cleanup(system.Shutdown)
	routes := actors.NewRoute("lobby")
	actors.HandleRaw(routes, "echo", echoes)
	fl, err := supervisor.Start(system, supervisor.Config{Connectors: list, Routes: []actors.Route{routes}, Handshake: handshake, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fl.Stop)
	return fl
}

func certificate(t *testing.T) *tls.Config {
	s := httptest.NewUnstartedServer(nil) // for its certificate
	s.StartTLS()
	t.Cleanup(s.Close)
	return &tls.Config{Certificates: s.TLS.Certificates}
}

func TestWiresThatAreSecret(t *testing.T) {
	p := &port.Port{Addr: "127.0.0.1:0", TLS: certificate(t)}
	fl := serveOn(t, nil, &hybrid.Connector{Port: p}, &sio.Connector{Port: p}, &mqtt.Connector{Port: p})
	addr := fl.Addrs("hybrid")[0].String()
	for _, scheme := range []string{"tls", "wss", "sios", "mqtts"} {
		report, err := robot(t, t.Context(), "-insecure", "-addr", scheme+"://"+addr)
		if err != nil || !strings.Contains(report, "4 of 4") {
			t.Errorf("%s: %v\n%s", scheme, err, report)
		}
		if _, err := robot(t, t.Context(), "-addr", scheme+"://"+addr); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s, a certificate of nobody: %v", scheme, err)
		}
	}
}

func TestUnixSockets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("not there")
	}
	path := filepath.Join(t.TempDir(), "s")
	serveOn(t, nil, &hybrid.Connector{Addr: "unix:" + path})
	report, err := robot(t, t.Context(), "-addr", "unix:"+path)
	if err != nil || !strings.Contains(report, "4 of 4") {
		t.Errorf("%v\n%s", err, report)
	}
}

func TestUsersOfMQTT(t *testing.T) {
	knows := func(_ context.Context, h *connectors.Hello) (any, error) {
		if c := h.Credentials; c == nil || c.Username != "ann" || string(c.Password) != "x" {
			return nil, messages.NewError(401, "who?")
		}
		return nil, nil
	}
	addr := "mqtt://" + serveOn(t, knows, &mqtt.Connector{Addr: "127.0.0.1:0"}).Addrs("mqtt")[0].String()
	if report, err := robot(t, t.Context(), "-addr", addr, "-user", `{"username":"ann","password":"x"}`); err != nil {
		t.Errorf("%v\n%s", err, report)
	}
	if _, err := robot(t, t.Context(), "-addr", addr, "-user", `{"username":"bob"}`); err == nil || !strings.Contains(err.Error(), "line: refused: code 4") {
		t.Errorf("bob: %v", err)
	}
	if _, err := robot(t, t.Context(), "-addr", addr, "-user", `[]`); err == nil || !strings.Contains(err.Error(), "user of MQTT") {
		t.Errorf("no user at all: %v", err)
	}
}

// There is no WebSocket where a page is.
func TestAPageIsNoServer(t *testing.T) {
	s := httptest.NewServer(nil)
	defer s.Close()
	_, err := robot(t, t.Context(), "-addr", "ws://"+strings.TrimPrefix(s.URL, "http://"))
	if err == nil || !strings.Contains(err.Error(), "line: no upgrade: 404") {
		t.Errorf("error %v", err)
	}
}
