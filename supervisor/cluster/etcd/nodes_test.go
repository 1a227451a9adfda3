package etcd_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/supervisor"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/etcd"
)

// whole is the environment variable that makes this program a whole node: where nodes come to, where clients do.
const whole = "FAIRLEAD_TEST_WHOLE"

// beWhole serves until it is killed.
func beWhole(conf, endpoint string) error {
	listen, clients, _ := strings.Cut(conf, " ")
	silent := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	node, err := cluster.Join(system, cluster.Config{
		Listen: listen, Expect: 2, TLS: cluster.TLS{Insecure: true}, Logger: silent,
		Provider: etcd.Provider{Endpoints: []string{endpoint}, TTL: 2 * time.Second, Logger: silent},
		Kinds:    []cluster.Kind{{Name: "arena", Handlers: func(string) *actors.Handlers { return arena(listen) }}},
	})
	if err != nil {
		return err
	}
	_, err = supervisor.Start(system, supervisor.Config{
		Cluster: node.Cluster(), Logger: silent,
		Connectors: []connectors.Source{&hybrid.Connector{Addr: clients}},
		Routes:     []actors.Route{node.Route("arena", cluster.RouteConfig{By: cluster.BySession})},
	})
	if err != nil {
		return err
	}
	if err := node.Ready(context.Background()); err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test has ended
	return nil
}

// arena says on which node it is.
func arena(node string) *actors.Handlers {
	h := actors.NewRoute("arena")
	actors.Handle(h, "where", func(*actors.Context, *struct{}) (*string, error) { return &node, nil })
	return h
}

// startWhole runs this program as a node, and waits until it is one.
func startWhole(t *testing.T, conf, endpoint string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), whole+"="+conf, victimEndpoint+"="+endpoint)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	ready := make(chan bool, 1)
	go func() { ready <- bufio.NewScanner(stdout).Scan() }()
	t.Cleanup(func() { // the first nodes wait for each other
		select {
		case ok := <-ready:
			if !ok {
				t.Errorf("the node %s has ended before it was ready", conf)
			}
		case <-time.After(patience):
			t.Errorf("the node %s is not ready", conf)
		}
	})
	return kill
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestACluster is of three processes that have found each other in etcd: one is killed, and the others have what was its.
func TestACluster(t *testing.T) {
	s := prepare(t)
	s.start(t.TempDir())
	var nodes, doors []string
	kills := map[string]func(){}
	for range 3 {
		node, clients := freeAddr(t), freeAddr(t)
		kills[node] = startWhole(t, node+" "+clients, s.client.String())
		nodes, doors = append(nodes, node), append(doors, clients)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var one *client.Client
	where := func() (string, error) {
		b, err := one.Request(ctx, "arena.where", nil)
		if err == nil {
			err = client.Failure(b)
		}
		return strings.Trim(string(b), `"`), err
	}
	for { // until a client's actor is on the last node
		var err error
		if one, err = client.Dial(ctx, client.Config{Addr: doors[0]}); err != nil {
			if ctx.Err() != nil {
				t.Fatal(err)
			}
			<-time.After(50 * time.Millisecond)
			continue
		}
		defer one.Close()
		if at, err := where(); err == nil && at == nodes[2] {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("no actor on the last node")
		}
	}
	kills[nodes[2]]()
	begin := time.Now()
	for {
		if at, err := where(); err == nil && at != nodes[2] {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("nobody has what was the last node's")
		}
	}
	t.Logf("another node has it after %v", time.Since(begin))
	startWhole(t, nodes[2]+" "+doors[2], s.client.String())
	for {
		c, err := client.Dial(ctx, client.Config{Addr: doors[2]})
		if err == nil {
			defer c.Close()
			one = c
			if _, err = where(); err == nil {
				return // the node is back, and its clients are served
			}
		}
		if ctx.Err() != nil {
			t.Fatalf("the last node is not back: %v", err)
		}
	}
}
