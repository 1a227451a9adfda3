package cluster_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/supervisor"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// aloneVariable names the test that a process is for.
const aloneVariable = "FAIRLEAD_TEST_ALONE"

// alone runs the test in a process of its own, and tells whether this is that: the engine sets gRPC's logger whenever
// a node starts, which is a race with what is left of another one.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(aloneVariable) == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), aloneVariable+"="+t.Name())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	return false
}

// single is a node that is a cluster by itself, and its server.
type single struct {
	*cluster.Node
	t      *testing.T
	system *actor.ActorSystem
	fl     *supervisor.Fairlead
	door   *memory.Connector
}

// join makes a node without a server.
func join(t *testing.T, c cluster.Config) *single {
	t.Helper()
	s := &single{t: t, system: actor.NewActorSystem(actor.WithLoggerFactory(silent)), door: &memory.Connector{}}
	if c.Logger = slog.New(slog.DiscardHandler); c.TLS == (peer.TLS{}) {
		c.TLS.Insecure = true
	}
	var err error
	if s.Node, err = cluster.Join(s.system, c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func silent(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }

// serve starts the server, and waits until the node is a member.
func (s *single) serve(routes ...actors.Route) *single {
	s.t.Helper()
	var err error
	s.fl, err = supervisor.Start(s.system, supervisor.Config{
		Cluster: s.Cluster(), Connectors: []connectors.Source{s.door}, Routes: append(routes, door(s.Node)), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.fl.Stop)
	s.member()
	return s
}

func (s *single) member() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// client comes in; push hears what it is pushed.
func (s *single) client(push func(route string, body []byte)) *client.Client {
	s.t.Helper()
	conn, err := s.door.Dial()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	c, err := client.New(ctx, conn, client.Config{Push: push})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// More users are bound than have room in the keeper's inbox: that they are bound no more is told to the keeper.
func TestANodeThatIsCutOffUnbindsAll(t *testing.T) {
	if !alone(t) {
		return
	}
	s := join(t, cluster.Config{}).serve()
	var all []*client.Client
	for i := range cluster.InboxSize + 500 {
		c := s.client(nil)
		if err := ask(c, "door.in", user{UID: fmt.Sprint("user", i)}, nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	s.CutOff()
	s.Return()
	for _, c := range all[:10] {
		var u user
		if err := ask(c, "door.me", nil, &u); err != nil || u.UID != "" {
			t.Fatalf("%q is bound (%v), want nobody", u.UID, err)
		}
	}
	if err := ask(all[0], "door.in", user{UID: "user0"}, nil); err != nil {
		t.Error(err)
	}
}
