package supervisor_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Ticket struct{ Token string }

type World struct{ Season int }

// letIn is the handshake hook: it may take its time, until ctx ends.
func letIn(ctx context.Context, h *connectors.Hello) (user any, err error) {
	var t Ticket
	if err := json.Unmarshal(h.User, &t); err != nil || t.Token == "" {
		return nil, messages.NewError(401, "") // the client gets {"code":401}
	}
	return World{Season: 12}, nil // and this, as user
}

func Example_handshake() {
	w := play(supervisor.Config{
		Connectors: []connectors.Source{&memory.Connector{ // hybrid.Connector has the same field
			CheckClient: func(typ, version string) bool { return version >= "2" }, // else 501
		}},
		Handshake: letIn,
	})
	defer w.Stop()

	for _, hello := range []client.Config{
		{Version: "1.9", User: Ticket{"gold"}},
		{Version: "2.0"},
		{Version: "2.0", User: Ticket{"gold"}},
	} {
		c, err := w.enter(hello)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(string(c.Handshake().User), c.Handshake().Heartbeat)
		c.Close()
	}
	// Output:
	// handshake: client: refused: code 501
	// handshake: client: refused: code 401
	// {"Season":12} 30s
}
