package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/supervisor"
)

// configure sets the options of a profile.
type configure func(*hybrid.Connector, *supervisor.Config)

// profiles are the options that the recorded server ran with, where we serve
// them. The others are pending.
var profiles = map[string]configure{
	"plain":      func(*hybrid.Connector, *supervisor.Config) {},
	"fatalPlain": func(*hybrid.Connector, *supervisor.Config) {},
	"hb":         heartbeat(3 * time.Second),
	"hb1":        heartbeat(time.Second),
	"hbTimeout": func(c *hybrid.Connector, _ *supervisor.Config) {
		c.Heartbeat, c.Timeout = time.Second, 4*time.Second
	},
	"idle":     func(c *hybrid.Connector, _ *supervisor.Config) { c.Timeout = 2 * time.Second },
	"endClose": heartbeat(time.Second),
	"buffer": func(c *hybrid.Connector, _ *supervisor.Config) {
		c.Heartbeat, c.Tick = 3*time.Second, 20*time.Millisecond
	},
	"check": func(c *hybrid.Connector, _ *supervisor.Config) {
		c.Heartbeat = 3 * time.Second
		c.CheckClient = func(typ, version string) bool { return typ == "js-websocket" && version == "0.0.1" }
	},
	"checkThrows": func(c *hybrid.Connector, _ *supervisor.Config) {
		c.CheckClient = func(string, string) bool { panic("checkClient throws") }
	},
	"user": func(c *hybrid.Connector, cfg *supervisor.Config) {
		c.Heartbeat = 3 * time.Second
		cfg.Handshake = userCallback
	},
}

func heartbeat(d time.Duration) configure {
	return func(c *hybrid.Connector, _ *supervisor.Config) { c.Heartbeat = d }
}

// serve starts the recorded server's application on a port of its own, without
// heartbeat, scheduler or limits of ours unless the profile says so. It stops
// with the test.
func serve(t *testing.T, set configure) (addr string) {
	t.Helper()
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.NewTextHandler(io.Discard, nil))
	}))
	a := newApp()
	events := system.Root.Spawn(actor.PropsFromFunc(a.Receive))
	c := &hybrid.Connector{Addr: "127.0.0.1:0", Heartbeat: -1, Tick: -1, Origins: []string{"*"}, MaxPackage: 128 << 10}
	cfg := supervisor.Config{
		Connectors: []connectors.Source{c},
		Routes:     []actors.Route{a.routes()},
		Events:     events,
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	set(c, &cfg)
	fl, err := supervisor.Start(system, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		fl.Stop()
		system.Root.StopFuture(events).Wait()
		system.Shutdown()
	})
	return fl.Addrs("hybrid")[0].String()
}

// userCallback is the handshake hook of profile user.
func userCallback(ctx context.Context, h *connectors.Hello) (any, error) {
	var user struct {
		Token string `json:"token"`
		Name  any    `json:"name"`
	}
	if len(h.User) > 0 {
		if err := json.Unmarshal(h.User, &user); err != nil {
			return nil, err
		}
	}
	switch user.Token {
	case "bad":
		return nil, errors.New("bad token")
	case "throw":
		panic("the user callback throws")
	case "none":
		return nil, nil
	case "slow":
		<-time.After(300 * time.Millisecond)
		return map[string]string{"welcome": "late"}, nil
	case "string":
		return "plain text", nil
	case "never":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return map[string]any{"welcome": user.Name, "seen": members(h.Raw)}, nil
}

// members are the names of an object's members, in order.
func members(b []byte) (names []string) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.Token() // the brace
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return names
		}
		names = append(names, name.(string))
	}
	return names
}
