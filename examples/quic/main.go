// Quic serves Pomelo's packages on streams of QUIC: any wire that is a net.Listener is a connector's. It starts a server and a
// client, which asks and hears.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/supervisor"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen: `host:port` of UDP")
	flag.Parse()
	if err := run(*addr, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// chat says back what one says, as a push.
func chat() actors.Route {
	r := actors.NewRoute("chat")
	actors.Handle(r, "say", func(c *actors.Context, text *string) (*int, error) {
		n := len(*text)
		return &n, c.Push("onSay", text)
	})
	return r
}

func run(addr string, out io.Writer) error {
	server, trust, err := selfSigned()
	if err != nil {
		return err
	}
	l, err := Listen(addr, server)
	if err != nil {
		return err
	}
	fl, err := supervisor.Start(actor.NewActorSystem(), supervisor.Config{
		Connectors: []connectors.Source{&hybrid.Connector{Port: &port.Port{Listener: l}}},
		Routes:     []actors.Route{chat()},
	})
	if err != nil {
		return err
	}
	defer fl.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	wire, err := Dial(ctx, l.Addr().String(), trust)
	if err != nil {
		return err
	}
	me, err := client.New(ctx, wire, client.Config{Push: func(route string, body []byte) {
		fmt.Fprintf(out, "%s %s\n", route, body)
	}})
	if err != nil {
		return err
	}
	defer me.Close()
	answer, err := me.Request(ctx, "chat.say", "hello over QUIC")
	fmt.Fprintf(out, "answer %s\n", answer)
	return err
}
