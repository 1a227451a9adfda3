package interop_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// pomeloMQTT makes a connector serve as the recorded server did, which takes no place from anybody.
func pomeloMQTT(c *mqtt.Connector) {
	c.PublishRoute, c.SubscribeRoute = "connector.mqttHandler.publish", "connector.mqttHandler.subscribe"
	c.SharedIDs = true
}

// mqttProfiles are the options that the recorded server ran with.
var mqttProfiles = map[string]func(*mqtt.Connector){
	"mqtt":     pomeloMQTT,
	"mqttIdle": func(c *mqtt.Connector) { pomeloMQTT(c); c.Timeout = 2 * time.Second },
}

// mqttRoutes are the handlers of the recorded server.
func mqttRoutes() *actors.Handlers {
	h := actors.NewRoute("connector.mqttHandler")
	actors.Handle(h, "publish", mqttPublish)
	actors.Handle(h, "subscribe", mqttSubscribe)
	return h
}

// mqttMessage is a message in pomelo's mode.
type mqttMessage struct {
	Topic   string `json:"topic"`
	Payload string `json:"payload"`
}

func mqttPublish(c *actors.Context, in *mqttMessage) (*mqttMessage, error) {
	switch in.Topic {
	case "push/me":
		return nil, c.Push("any", mqttMessage{"from/server", "pushed:" + in.Payload})
	case "push/bad":
		return nil, c.Push("any", map[string]string{"payload": in.Payload})
	case "kick":
		c.Send(c.Socket(), &messages.Kick{Reason: "as asked"})
		return nil, nil
	case "none":
		c.Defer()
		return nil, nil
	}
	return &mqttMessage{"reply/" + in.Topic, "got:" + in.Payload}, nil
}

func mqttSubscribe(c *actors.Context, in *struct {
	Subscriptions []struct {
		Topic string
		QoS   int
	}
},
) (*json.RawMessage, error) {
	var granted []int
	for _, s := range in.Subscriptions {
		switch s.Topic {
		case "refuse":
			return nil, messages.NewError(500, "refused")
		case "never":
			c.Defer()
			return nil, nil
		}
		granted = append(granted, s.QoS)
	}
	b, err := json.Marshal(granted)
	return (*json.RawMessage)(&b), err
}

// nobody is told.
var nobody = slog.New(slog.NewTextHandler(io.Discard, nil))

func quietSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return nobody }))
}

// serveRecordedMQTT starts an application for MQTT clients, on a port of its own. Pushes do not wait. It stops with the
// test.
func serveRecordedMQTT(t *testing.T, set func(*mqtt.Connector), routes ...actors.Route) (addr string) {
	t.Helper()
	system := quietSystem()
	c := &mqtt.Connector{Addr: "127.0.0.1:0", Tick: -1}
	set(c)
	fl, err := supervisor.Start(system, supervisor.Config{Connectors: []connectors.Source{c}, Routes: routes, Logger: nobody})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		fl.Stop()
		system.Shutdown()
	})
	return fl.Addrs("mqtt")[0].String()
}

// The recorded server throws in its data path without its routes. Ours does not start.
func TestPomelosModeNeedsBothRoutes(t *testing.T) {
	system := quietSystem()
	defer system.Shutdown()
	_, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{&mqtt.Connector{Addr: "127.0.0.1:0", SubscribeRoute: "a.b"}},
		Logger:     nobody,
	})
	if err == nil || !strings.Contains(err.Error(), "PublishRoute") {
		t.Errorf("started: %v", err)
	}
}
