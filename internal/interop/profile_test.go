package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/supervisor"
)

// configure sets the options of a profile.
type configure func(*hybrid.Connector, *supervisor.Config)

// profiles are the options that the recorded server ran with, each with the name
// that the transcripts know it by.
var profiles = map[string]configure{
	"plain":      plain,
	"fatalPlain": plain,
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
	"dict":       dict,
	"proto":      typed,
	"protoOnly":  typedOnly,
	"fatalProto": typedOnly,
	"crypto":     func(c *hybrid.Connector, _ *supervisor.Config) { c.Crypto = true },
	// A coder needs no option to take its time.
	"asyncBuiltin": plain,
	"asyncCustom": func(c *hybrid.Connector, _ *supervisor.Config) {
		c.Decode, c.Encode = slowDecode, slowEncode
	},
	"customCoder": func(c *hybrid.Connector, _ *supervisor.Config) {
		c.Decode, c.Encode = freeDecode, freeEncode
	},
	"singleSession": func(_ *hybrid.Connector, cfg *supervisor.Config) { cfg.Logins = actors.RefuseNewer },
	"max":           func(c *hybrid.Connector, _ *supervisor.Config) { c.Admit.MaxConns = 2 },
	"black":         deny("127.0.0.1/32"),
	"blackOther":    deny("10.0.0.1/32"),
	"blackLoose":    deny("7.0.0.0/8"),
	"blackErr":      denyWrongly,
}

func plain(*hybrid.Connector, *supervisor.Config) {}

func dict(c *hybrid.Connector, _ *supervisor.Config) {
	c.Heartbeat, c.Dict = 3*time.Second, labDictionary()
}

func typedOnly(c *hybrid.Connector, _ *supervisor.Config) { c.Protos = labSchemas() }

func typed(c *hybrid.Connector, cfg *supervisor.Config) {
	dict(c, cfg)
	typedOnly(c, cfg)
}

func deny(prefix string) configure {
	return func(c *hybrid.Connector, _ *supervisor.Config) {
		c.Admit.Filter = admit.NewFilter(admit.Rules{Deny: []netip.Prefix{netip.MustParsePrefix(prefix)}})
	}
}

// denyWrongly sets rules that are wrong, which leaves those from before: none.
func denyWrongly(c *hybrid.Connector, _ *supervisor.Config) {
	c.Admit.Filter = &admit.Filter{}
	if err := c.Admit.Filter.Set(admit.Rules{Deny: make([]netip.Prefix, 1)}); err == nil {
		panic("a prefix that is none was taken")
	}
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
	a := &app{}
	c := &hybrid.Connector{Addr: "127.0.0.1:0", Heartbeat: -1, Tick: -1, Origins: []string{"*"}, MaxPackage: 128 << 10}
	cfg := supervisor.Config{
		Connectors: []connectors.Source{c},
		Routes:     []actors.Route{a.routes()},
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	set(c, &cfg)
	var err error
	if a.fl, err = supervisor.Start(system, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.fl.Stop()
		system.Shutdown()
	})
	return a.fl.Addrs("hybrid")[0].String()
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
