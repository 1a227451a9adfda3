package supervisor_test

import (
	"context"
	"encoding/json"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// A generated message is a handler's body like any other type: in its JSON mapping, or
// in its binary form where the connector says that bodies are protobuf.
func TestProtobufMessagesAreTypedBodies(t *testing.T) {
	for name, c := range map[string]struct {
		encoding messages.Encoding
		ask      func(*messages.Kick) []byte
		read     func([]byte, *messages.Kick) error
	}{
		"binary": {
			messages.Protobuf, func(k *messages.Kick) []byte { b, _ := proto.Marshal(k); return b },
			func(b []byte, k *messages.Kick) error { return proto.Unmarshal(b, k) },
		},
		"JSON": {
			messages.JSON, func(k *messages.Kick) []byte { return []byte(`{"reason":"` + k.Reason + `"}`) },
			func(b []byte, k *messages.Kick) error { return json.Unmarshal(b, &struct{ Reason *string }{&k.Reason}) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := actors.NewRoute("p")
				actors.Handle(h, "x", func(_ *actors.Context, in *messages.Kick) (*messages.Kick, error) {
					return &messages.Kick{Reason: in.Reason + "!"}, nil
				})
				place := &memory.Connector{Encoding: c.encoding}
				fl, err := supervisor.Start(quietSystem(), supervisor.Config{
					Connectors: []connectors.Source{place}, Routes: []actors.Route{h},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer fl.Stop()
				me, err := client.Dial(t.Context(), client.Config{NetDial: func(context.Context, string, string) (net.Conn, error) {
					return place.Dial()
				}, Addr: "tcp://memory:1"})
				if err != nil {
					t.Fatal(err)
				}
				defer me.Close()
				got, err := me.Request(t.Context(), "p.x", c.ask(&messages.Kick{Reason: "bye"}))
				var k messages.Kick
				if err != nil || c.read(got, &k) != nil || k.Reason != "bye!" {
					t.Errorf("answer %q, %v", got, err)
				}
				time.Sleep(time.Second)
			})
		})
	}
}
