package interop_test

import (
	"context"
	"encoding/json"
	"net"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// mqttApp is the application that the MQTT kit expects: interop.*. Some of what it does is
// what the socket.io kit expects as well.
type mqttApp struct {
	mu    sync.Mutex
	wills []json.RawMessage // of all clients
}

// letIn knows two user names that may not come in.
func (a *mqttApp) letIn(_ context.Context, h *connectors.Hello) (any, error) {
	who := h.Credentials
	switch who.Username {
	case "bad":
		return nil, messages.NewError(401, "")
	case "banned":
		return nil, messages.NewError(403, "")
	}
	h.Settings = map[string][]byte{"client": []byte(who.ClientID), "user": []byte(who.Username)}
	return nil, nil
}

// greeter has a push for who comes in as "greet".
func greeter(ctx actor.Context) {
	if m, ok := ctx.Message().(*messages.Connected); ok && string(m.Session.Settings["user"]) == "greet" {
		ctx.Send(m.Session.Socket, &messages.Push{Route: "onGreeting", Body: []byte(`{"hello":1}`)})
	}
}

func (a *mqttApp) routes() *actors.Handlers {
	h := actors.NewRoute("interop")
	actors.HandleRaw(h, "echo", func(_ *actors.Context, body []byte) ([]byte, error) { return body, nil })
	actors.HandleRaw(h, "will", func(_ *actors.Context, body []byte) ([]byte, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.wills = append(a.wills, body)
		return nil, nil
	})
	for name, fn := range map[string]func(*actors.Context, jsonObject) (any, error){
		"note": takeNote, "lastNote": lastNote, "push": pushTest, "batch": batchTest, "fail": failTest, "kick": kickTest,
		"whoami": whoAmI, "wills": a.allWills,
	} {
		actors.HandleRaw(h, name, func(c *actors.Context, body []byte) ([]byte, error) {
			var in jsonObject
			_ = json.Unmarshal(body, &in)
			out, err := fn(c, in)
			if out == nil {
				return nil, err
			}
			b, _ := json.Marshal(out)
			return b, err
		})
	}
	return h
}

func whoAmI(c *actors.Context, _ jsonObject) (any, error) {
	s := c.Session().Settings
	return struct {
		Client string `json:"client"`
		User   string `json:"user"`
	}{string(s["client"]), string(s["user"])}, nil
}

func (a *mqttApp) allWills(*actors.Context, jsonObject) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]json.RawMessage{}, a.wills...), nil
}

// serveMQTT starts a server for the kit and returns its address, for TCP and for WebSocket.
func serveMQTT(t *testing.T, set func(*mqtt.Connector)) (host, port string) {
	t.Helper()
	system := quietSystem()
	app := &mqttApp{}
	c := &mqtt.Connector{Addr: "127.0.0.1:0", WillRoute: "interop.will", MaxPacket: 256 << 10}
	set(c)
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{c},
		Routes:     []actors.Route{app.routes()},
		Handshake:  app.letIn,
		Events:     system.Root.Spawn(actor.PropsFromFunc(greeter)),
		Logger:     nobody,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		fl.Stop()
		system.Shutdown()
	})
	host, port, err = net.SplitHostPort(fl.Addrs("mqtt")[0].String())
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}
