package interop_test

import (
	"fmt"
	"os"
	"time"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// labDictionary is that of the recorded server: all its handlers, those for MQTT
// clients among them, and the user's routes.
func labDictionary() *pomelo.Dictionary {
	routes := append((&app{}).routes().Names(), "connector.entryHandler.mqttPublish", "connector.entryHandler.mqttSubscribe")
	return must(pomelo.NewDictionary(routes, []string{"onChat", "onPush", "onNote"}))
}

// labVersion is under which clients know the schemas of the recorded server. Its
// typedInspect has one more field, of a type that we refuse (F 24).
const labVersion = "OZAYqXGYKEQ2hm12MU+zDQ=="

// labSchemas are those of the recorded server; what README.md of the kit asks for
// is among them.
func labSchemas() *pomelo.Schemas {
	client := must(os.ReadFile("testdata/lab-client-protos.json"))
	server := must(os.ReadFile("testdata/lab-server-protos.json"))
	return must(pomelo.ParseSchemas(client, server)).WithVersion(labVersion)
}

// coding is how long the coders of profile asyncCustom take for each message.
const coding = 30 * time.Millisecond

func slowDecode(body []byte) (*messages.Request, error) {
	<-time.After(coding)
	m, err := pomelo.DecodeMessage(body)
	return &messages.Request{Id: m.ID, Route: string(m.Route), Body: m.Body}, err
}

func slowEncode(id uint64, route string, body []byte) ([]byte, error) {
	<-time.After(coding)
	m := pomelo.Message{Kind: pomelo.KindResponse, ID: id, Body: body}
	if id == 0 {
		m = pomelo.Message{Kind: pomelo.KindPush, Route: []byte(route), Body: body}
	}
	return m.Append(nil)
}

// freeDecode and freeEncode are the coders of profile customCoder.
func freeDecode(body []byte) (*messages.Request, error) {
	return &messages.Request{Id: 7, Route: echoRoute, Body: fmt.Appendf(nil, `{"hex":"%x"}`, body)}, nil
}

func freeEncode(id uint64, route string, body []byte) ([]byte, error) {
	return fmt.Appendf(nil, "<%d|%s|%s>", id, route, body), nil
}

// must is for what stands in this package and cannot be wrong.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
