package supervisor_test

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/supervisor"
)

func TestMain(m *testing.M) { leak.Main(m) }

func quietSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler)
	}))
}

func TestMistakesInTheConfigurationNameTheFieldAndTheValue(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().String()
	noCert := filepath.Join(t.TempDir(), "none.pem")
	twice := actors.NewRoute("twice")
	actors.HandleRaw(twice, "x", func(*actors.Context, []byte) ([]byte, error) { return nil, nil })
	actors.HandleRaw(twice, "x", func(*actors.Context, []byte) ([]byte, error) { return nil, nil })
	nilHandler := actors.NewRoute("chat")
	actors.Handle[int, int](nilHandler, "say", nil)

	one := func(s connectors.Source) []connectors.Source { return []connectors.Source{s} }
	for name, c := range map[string]struct {
		cfg  supervisor.Config
		want []string
	}{
		"a port in use":                {supervisor.Config{Connectors: one(&hybrid.Connector{Addr: port})}, []string{"Addr", port, "in use"}},
		"a bad address":                {supervisor.Config{Connectors: one(&hybrid.Connector{Addr: "nowhere"})}, []string{"Addr", `"nowhere"`}},
		"an unreadable certificate":    {supervisor.Config{Connectors: one(&hybrid.Connector{Addr: "127.0.0.1:0", CertFile: noCert, KeyFile: noCert})}, []string{"CertFile", noCert}},
		"two connectors of one name":   {supervisor.Config{Connectors: []connectors.Source{&memory.Connector{ID: "m"}, &memory.Connector{ID: "m"}}}, []string{"Connectors[1]", `"m"`, "Connectors[0]"}},
		"a route registered twice":     {supervisor.Config{Connectors: one(&memory.Connector{}), Routes: []actors.Route{actors.NewRoute("a"), actors.NewRoute("a")}}, []string{"Routes[1]", `"a"`}},
		"a handler there twice":        {supervisor.Config{Connectors: one(&memory.Connector{}), Routes: []actors.Route{twice}}, []string{"Routes[0]", `"twice"`, `"x"`}},
		"a nil handler":                {supervisor.Config{Connectors: one(&memory.Connector{}), Routes: []actors.Route{nilHandler}}, []string{"Routes[0]", `"say"`, "nil"}},
		"a nil PID":                    {supervisor.Config{Connectors: one(&memory.Connector{}), Routes: []actors.Route{actors.RoutePID("p", nil)}}, []string{"Routes[0]", `"p"`}},
		"a nil route":                  {supervisor.Config{Connectors: one(&memory.Connector{}), Routes: []actors.Route{nil}}, []string{"Routes[0]", "nil"}},
		"no connector":                 {supervisor.Config{}, []string{"Connectors"}},
		"a nil connector":              {supervisor.Config{Connectors: one(nil)}, []string{"Connectors[0]", "<nil>"}},
		"a factory without New":        {supervisor.Config{Connectors: one(connectors.Factory{})}, []string{"Connectors[0]", "New"}},
		"a factory that makes nothing": {supervisor.Config{Connectors: one(connectors.Factory{New: func(string, int) connectors.Connector { return nil }})}, []string{"Connectors[0]"}},
		"a negative limit":             {supervisor.Config{Connectors: one(&memory.Connector{}), Limits: supervisor.Limits{OutboxHard: -1}}, []string{"OutboxHard", "-1"}},
		"more slots than there are":    {supervisor.Config{Connectors: one(&memory.Connector{}), Limits: supervisor.Limits{InFlight: 70000}}, []string{"InFlight", "70000"}},
	} {
		t.Run(name, func(t *testing.T) {
			fl, err := supervisor.Start(quietSystem(), c.cfg)
			if err == nil {
				fl.Stop()
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestConnectorsAreGivenAsInstanceOrAsFactory(t *testing.T) {
	echo := actors.NewRoute("room")
	actors.HandleRaw(echo, "echo", func(_ *actors.Context, body []byte) ([]byte, error) { return body, nil })
	fl, err := supervisor.Start(quietSystem(), supervisor.Config{
		Connectors: []connectors.Source{
			&hybrid.Connector{ID: "one", Addr: "127.0.0.1:0"},
			connectors.Factory{Host: "127.0.0.1", Port: 0, New: hybrid.New},
		},
		Routes: []actors.Route{echo},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer fl.Stop()
	for _, name := range []string{"one", "hybrid"} {
		addrs := fl.Addrs(name)
		if len(addrs) != 1 {
			t.Fatalf("connector %q listens on %v", name, addrs)
		}
		for _, scheme := range []string{"tcp://", "ws://"} {
			c, err := client.Dial(t.Context(), client.Config{Addr: scheme + addrs[0].String()})
			if err != nil {
				t.Fatalf("%s %s: %v", name, scheme, err)
			}
			got, err := c.Request(t.Context(), "room.echo", map[string]string{"via": name})
			if err != nil || string(got) != `{"via":"`+name+`"}` {
				t.Errorf("%s %s: answer %s, %v", name, scheme, got, err)
			}
			c.Close()
		}
	}
	if got := fl.Addrs("none"); got != nil {
		t.Errorf("an unknown connector listens on %v", got)
	}
}

func TestStopClosesEverybodyAndFreesThePlace(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	cfg := supervisor.Config{Connectors: []connectors.Source{&hybrid.Connector{Addr: "unix:" + socket}}}
	for range 2 {
		fl, err := supervisor.Start(quietSystem(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.Dial(t.Context(), client.Config{Addr: "unix:" + socket})
		if err != nil {
			t.Fatal(err)
		}
		fl.Stop()
		<-c.Done()
		fl.Stop()
		if _, err := os.Stat(socket); err == nil {
			t.Error("the socket file is still there")
		}
	}
}

func TestSeveralServersLiveInOneSystem(t *testing.T) {
	system := quietSystem()
	for range 3 {
		fl, err := supervisor.Start(system, supervisor.Config{Connectors: []connectors.Source{&memory.Connector{}}})
		if err != nil {
			t.Fatal(err)
		}
		defer fl.Stop()
	}
}
