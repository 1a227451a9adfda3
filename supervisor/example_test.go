package supervisor_test

import (
	"context"
	"fmt"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Say struct{ Text string }

type Said struct{ OK bool }

func Example() {
	chat := actors.NewRoute("chat") // answers chat.*; one actor, so handlers need no locks
	actors.Handle(chat, "say", func(c *actors.Context, in *Say) (*Said, error) {
		room := c.Group("lobby")
		room.Join(c.Socket())
		return &Said{OK: true}, room.Push("onSay", in) // encoded once, leaves on the tick
	})

	system := quietSystem() // or actor.NewActorSystem()
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{&hybrid.Connector{Addr: "127.0.0.1:0"}}, // TCP and WebSocket
		Routes:     []actors.Route{chat},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fl.Stop()

	// A client, as a game would have it.
	heard := make(chan string, 1)
	me, err := client.Dial(context.Background(), client.Config{Addr: "ws://" + fl.Addrs("hybrid")[0].String()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer me.Close()
	me.On("onSay", func(body []byte) { heard <- string(body) })
	answer, err := me.Request(context.Background(), "chat.say", Say{"hello"})
	fmt.Println(<-heard, string(answer), err)
	// Output: {"Text":"hello"} {"OK":true} <nil>
}
