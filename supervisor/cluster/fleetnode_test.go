package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
)

// nodeVariable holds the configuration of a process of the test's own binary that is to be a node.
const nodeVariable = "FAIRLEAD_TEST_NODE"

func TestMain(m *testing.M) {
	if conf := os.Getenv(nodeVariable); conf != "" {
		if err := beNode(conf); err != nil {
			fmt.Fprintln(os.Stderr, "node:", err)
			os.Exit(1)
		}
		return
	}
	if conf := os.Getenv(holderVariable); conf != "" {
		fmt.Fprintln(os.Stderr, beHolder(conf))
		os.Exit(1)
	}
	leak.Main(m)
}

// nodeConfig is what a process is told.
type nodeConfig struct {
	Listen  string
	Clients string // where clients come to; empty: a backend
	Join    []string
	Expect  int
	Certs   cluster.TLS
	Timing  cluster.Timing
	Logins  actors.Logins
}

func (c nodeConfig) gate() bool { return c.Clients != "" }

func (c nodeConfig) cluster(log *slog.Logger, address *string) cluster.Config {
	conf := cluster.Config{
		Listen: c.Listen, Provider: cluster.Automanaged(c.Join...), Expect: c.Expect,
		TLS: c.Certs, Timing: c.Timing, Logins: c.Logins, Logger: log, Roles: []string{cluster.Gate},
	}
	if !c.gate() {
		conf.Roles = []string{cluster.Backend}
		conf.Kinds = []cluster.Kind{{Name: "arena", Handlers: func(identity string) *actors.Handlers { return arena(*address) }}}
	}
	return conf
}

// beNode is a process's whole life: until SIGTERM, and then a drain.
func beNode(text string) error {
	var c nodeConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	go dieWithParent()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	quiet := func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 4}))
	}
	system := actor.NewActorSystem(actor.WithLoggerFactory(quiet))
	address := c.Listen
	node, err := cluster.Join(system, c.cluster(log, &address))
	if err != nil {
		return err
	}
	conf := supervisor.Config{Cluster: node.Cluster(), Logger: log}
	if c.gate() {
		conf.Connectors = []connectors.Source{&hybrid.Connector{Addr: c.Clients, Heartbeat: -1}}
		conf.Routes = []actors.Route{door(node), node.Route("arena", cluster.RouteConfig{
			Idempotent: func(r *messages.Request) bool { return r.Route == "arena.peek" },
		})}
	}
	fl, err := supervisor.Start(system, conf)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := node.Ready(ctx); err != nil {
		return err
	}
	fmt.Println("ready")
	<-signals
	ctx, cancel = context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	drained, err := node.Drain(ctx, fl)
	log.Info("drained", "clients", drained.Clients, "told", drained.Told, "unanswered", drained.Unanswered, "error", err)
	fmt.Printf("drained %d %d\n", drained.Clients, drained.Unanswered)
	return err
}

// dieWithParent ends the process when the test's is gone: its end of the pipe closes.
func dieWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(3)
}

// work is the body of arena.work and its answer.
type work struct {
	N    int    `json:"n"`
	Node string `json:"node,omitempty"`
	Done int    `json:"done,omitempty"` // requests of this identity that this actor has handled
}

// lateBy is how long arena.late takes.
const lateBy = 500 * time.Millisecond

// arena is a virtual actor: it counts.
func arena(node string) *actors.Handlers {
	h, done := actors.NewRoute("arena"), 0
	answer := func(c *actors.Context, in *work) (*work, error) {
		done++
		return &work{in.N, node, done}, nil
	}
	actors.Handle(h, "work", answer)
	actors.Handle(h, "peek", answer)
	actors.Handle(h, "shout", func(c *actors.Context, in *work) (*work, error) {
		for i := range in.N {
			if err := c.All().Push("onShout", i); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	actors.Handle(h, "late", func(c *actors.Context, in *work) (*work, error) { // pushes when it has been stopped meanwhile
		<-time.After(lateBy)
		return in, c.Push("onLate", in)
	})
	return h
}

type user struct {
	UID    string `json:"uid"`
	Online bool   `json:"online,omitempty"`
	Nodes  []string
}

// door is the gates' own route: who comes in, and what the test wants to know.
func door(node *cluster.Node) *actors.Handlers {
	h := actors.NewRoute("door")
	h.Actors = 64 // binds wait for other nodes
	actors.Handle(h, "echo", func(c *actors.Context, in *work) (*work, error) { return in, nil })
	actors.Handle(h, "in", func(c *actors.Context, in *user) (*user, error) { return nil, c.Bind(in.UID) })
	actors.Handle(h, "as", func(c *actors.Context, in *user) (*user, error) {
		c.Unbind()
		return nil, c.Bind(in.UID)
	})
	actors.Handle(h, "who", func(c *actors.Context, in *user) (*user, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		logins, err := node.Logins(ctx, in.UID)
		out := &user{UID: in.UID, Online: len(logins) > 0}
		for _, l := range logins {
			out.Nodes = append(out.Nodes, l.Socket.Address)
		}
		return out, err
	})
	actors.Handle(h, "members", func(c *actors.Context, in *user) (*[]string, error) {
		list := []string{}
		for _, m := range node.Members() {
			list = append(list, m.Address)
		}
		return &list, nil
	})
	actors.Handle(h, "me", func(c *actors.Context, in *user) (*user, error) {
		return &user{UID: c.Session().GetUid()}, nil
	})
	return h
}
