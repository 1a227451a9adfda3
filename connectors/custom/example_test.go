package custom_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// line is a message on a wire of lines, each of them JSON.
type line struct {
	ID    uint64          `json:"id,omitempty"`
	Route string          `json:"route"`
	Body  json.RawMessage `json:"body"`
}

func readLine(frame []byte) (*messages.Request, error) {
	var l line
	err := json.Unmarshal(frame, &l)
	return &messages.Request{Id: l.ID, Route: l.Route, Body: l.Body}, err
}

func writeLine(dst []byte, m custom.Message) ([]byte, error) {
	b, err := json.Marshal(line{m.ID, m.Route, m.Body})
	return append(append(dst, b...), '\n'), err
}

// A connector for clients that write a line of JSON for each message: any language has that.
func Example() {
	lines := &custom.Connector{
		Port:   &port.Port{Addr: "127.0.0.1:0"},
		Cut:    custom.Lines,
		Config: custom.Config{Decode: readLine, Encode: writeLine},
	}
	chat := actors.NewRoute("chat")
	actors.Handle(chat, "say", func(c *actors.Context, text *string) (*int, error) {
		n := len(*text)
		return &n, c.Push("onSay", text)
	})
	quiet := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return quiet }))
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{lines},
		Routes:     []actors.Route{chat},
		Logger:     quiet,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fl.Stop()

	client, err := net.Dial("tcp", fl.Addrs("custom")[0].String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Fprintln(client, `{"id": 1, "route": "chat.say", "body": "hello"}`)
	answers := bufio.NewReader(client)
	for range 2 {
		b, err := answers.ReadBytes('\n')
		fmt.Println(string(bytes.TrimSpace(b)), err)
	}
	// Output:
	// {"route":"onSay","body":"hello"} <nil>
	// {"id":1,"route":"chat.say","body":5} <nil>
}
