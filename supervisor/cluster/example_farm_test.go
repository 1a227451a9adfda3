//go:build !race

// The engine sets gRPC's logger whenever a node starts: with several in one process, as here, that is a race.

package cluster_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

type Crop struct{ Name string }

type Yard struct {
	Of    string
	Crops []string
}

// farm is the actor of one user, on whatever backend it lives.
func farm(uid string) *actors.Handlers {
	yard := Yard{Of: uid} // load it, if it is to outlive the node
	h := actors.NewRoute("farm")
	actors.Handle(h, "sow", func(c *actors.Context, in *Crop) (*Yard, error) {
		yard.Crops = append(yard.Crops, in.Name)
		return &yard, nil
	})
	return h
}

func account() *actors.Handlers {
	h := actors.NewRoute("account")
	actors.Handle(h, "login", func(c *actors.Context, in *Crop) (*Yard, error) {
		return &Yard{Of: in.Name}, c.Bind(in.Name) // on one gate or another: there is one of each user
	})
	return h
}

// startBackend is a process that has farms.
func startBackend(listen string, certs cluster.TLS, others ...string) (*cluster.Node, *supervisor.Fairlead, error) {
	system := actor.NewActorSystem(actor.WithLoggerFactory(noLogger))
	node, err := cluster.Join(system, cluster.Config{
		Listen:   listen, // for other nodes: "10.0.0.7:7946"
		Roles:    []string{cluster.Backend},
		Provider: cluster.Automanaged(others...), // where others are: some of them are enough
		Expect:   2,                              // of the three that there will be
		TLS:      certs,
		Kinds:    []cluster.Kind{{Name: "farm", Handlers: farm}},
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, nil, err
	}
	fl, err := supervisor.Start(system, supervisor.Config{Cluster: node.Cluster()})
	return node, fl, err
}

// startGate is a process that has clients.
func startGate(door connectors.Source, certs cluster.TLS, others ...string) (*cluster.Node, *supervisor.Fairlead, error) {
	system := actor.NewActorSystem(actor.WithLoggerFactory(noLogger))
	node, err := cluster.Join(system, cluster.Config{
		Roles:    []string{cluster.Gate},
		Provider: cluster.Automanaged(others...),
		Expect:   2,
		TLS:      certs,
		Logins:   actors.KickOlder,
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, nil, err
	}
	fl, err := supervisor.Start(system, supervisor.Config{
		Cluster:    node.Cluster(),
		Connectors: []connectors.Source{door},
		Routes: []actors.Route{
			account(), // here, as ever
			node.Route("farm", cluster.RouteConfig{By: cluster.ByUID}), // wherever the user's farm lives
		},
	})
	return node, fl, err
}

func noLogger(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }

func Example() {
	dir, err := os.MkdirTemp("", "certs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	certs, err := peer.Generate(dir, "127.0.0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	one, first, err := startBackend("127.0.0.1:0", certs)
	if err != nil {
		fmt.Println(err)
		return
	}
	door := &memory.Connector{}
	gate, clients, err := startGate(door, certs, one.Address())
	if err != nil {
		fmt.Println(err)
		return
	}
	two, second, err := startBackend("127.0.0.1:0", certs, one.Address())
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, n := range []*cluster.Node{one, two, gate} {
		if err := n.Ready(ctx); err != nil { // the nodes have found each other, and each knows what is its own
			fmt.Println(err)
			return
		}
	}
	ann := enter(ctx, door)
	fmt.Println(ann.request(ctx, "farm.sow", Crop{"wheat"}))
	fmt.Println(ann.request(ctx, "account.login", Crop{"ann"}))
	fmt.Println(ann.request(ctx, "farm.sow", Crop{"wheat"}))
	fmt.Println(ann.request(ctx, "farm.sow", Crop{"hops"}))

	// Any node knows users, wherever they are.
	if err := two.Push(&messages.Push{Route: "onRain", Body: []byte(`{}`)}, "ann"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-ann.pushes)
	online, err := one.IsOnline(ctx, "ann")
	fmt.Println(online, err)

	// The node that has ann's farm ends in good order. The farm begins anew on the other one.
	node, fl := one, first
	if two.Owner("farm", "ann") == two.Address() {
		node, fl = two, second
	}
	if _, err := node.Drain(ctx, fl); err != nil {
		fmt.Println(err)
	}
	fmt.Println(ann.request(ctx, "farm.sow", Crop{"peas"}))

	for n, fl := range map[*cluster.Node]*supervisor.Fairlead{one: first, two: second, gate: clients} {
		if n != node {
			_, _ = n.Drain(ctx, fl)
		}
	}
	// Output:
	// {"code":401,"msg":"not logged in"}
	// {"Of":"ann","Crops":null}
	// {"Of":"ann","Crops":["wheat"]}
	// {"Of":"ann","Crops":["wheat","hops"]}
	// onRain {}
	// true <nil>
	// {"Of":"ann","Crops":["peas"]}
}

// farmer is a client with what it has been pushed.
type farmer struct {
	*client.Client
	pushes chan string
}

func enter(ctx context.Context, door *memory.Connector) *farmer {
	f := &farmer{pushes: make(chan string, 10)}
	conn, err := door.Dial()
	if err != nil {
		panic(err)
	}
	f.Client, err = client.New(ctx, conn, client.Config{Push: func(route string, body []byte) { f.pushes <- route + " " + string(body) }})
	if err != nil {
		panic(err)
	}
	return f
}

func (f *farmer) request(ctx context.Context, route string, v any) string {
	body, err := f.Request(ctx, route, v)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
