package etcd_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/etcd"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/protobuf/encoding/protojson"
)

var _ cluster.Provider = etcd.Provider{}

const (
	// patience is how long a test waits for what must come.
	patience = 60 * time.Second
	// never is a TTL that no test sees the end of.
	never = 10 * time.Minute
)

// victim is the environment variable that makes this program a node at an address, for a test to kill.
const (
	victim         = "FAIRLEAD_TEST_VICTIM"
	victimEndpoint = "FAIRLEAD_TEST_ENDPOINT"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(victim); address != "" {
		p := etcd.Provider{Endpoints: []string{os.Getenv(victimEndpoint)}, TTL: 2 * time.Second}
		if err := p.Run(context.Background(), &messages.Member{Address: address}, func([]string) {}); err != nil {
			os.Exit(1)
		}
		return
	}
	if conf := os.Getenv(whole); conf != "" {
		if err := beWhole(conf, os.Getenv(victimEndpoint)); err != nil {
			os.Exit(1)
		}
		return
	}
	leak.Main(m)
}

// node is a Run of a provider.
type node struct {
	t     *testing.T
	found chan []string
	ended chan error
	stop  context.CancelFunc
}

func run(t *testing.T, p etcd.Provider, address string) *node {
	t.Helper()
	if p.Logger == nil {
		p.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	n := &node{t: t, found: make(chan []string, 1000), ended: make(chan error, 1), stop: stop}
	go func() {
		n.ended <- p.Run(ctx, &messages.Member{Id: "id-" + address, Address: address, Roles: []string{"gate"}}, func(a []string) { n.found <- a })
		close(n.ended)
	}()
	t.Cleanup(n.end)
	return n
}

// end ends the node in an orderly way.
func (n *node) end() {
	n.t.Helper()
	n.stop()
	select {
	case err := <-n.ended:
		if err != nil {
			n.t.Errorf("Run ended with %v, want nil", err)
		}
	case <-time.After(patience):
		n.t.Errorf("Run goes on %v after its context has ended", patience)
	}
}

// sees waits until the node has found exactly these.
func (n *node) sees(want ...string) {
	n.t.Helper()
	late := time.After(patience)
	var got []string
	for {
		select {
		case got = <-n.found:
			if slices.Equal(got, want) {
				return
			}
		case <-late:
			n.t.Fatalf("found %q at last, want %q", got, want)
		}
	}
}

const a, b, c = "10.0.0.1:7946", "10.0.0.2:7946", "node-3.example:7946"

func TestNodesFindEachOtherAndEndAtOnce(t *testing.T) {
	s := prepare(t)
	s.start(t.TempDir())
	p := etcd.Provider{Endpoints: []string{s.client.String()}, TTL: never}
	other := p
	other.Prefix = "/fairlead/other" // below the first one's: they are strangers all the same
	var nodes []*node
	for _, address := range []string{a, b, c} {
		nodes = append(nodes, run(t, p, address))
	}
	for _, n := range nodes {
		n.sees(a, b, c)
	}
	run(t, other, "10.0.0.9:7946").sees("10.0.0.9:7946")

	kv, err := s.dial().Get(within(t), "/fairlead/"+a)
	if err != nil || len(kv.Kvs) != 1 {
		t.Fatalf("the key of a node: %v, %v", kv, err)
	}
	var m messages.Member
	if err := protojson.Unmarshal(kv.Kvs[0].Value, &m); err != nil || m.GetId() != "id-"+a || m.GetAddress() != a {
		t.Errorf("a node's key holds %s (%v), want the member as JSON", kv.Kvs[0].Value, err)
	}

	nodes[0].end()
	nodes[1].sees(b, c)
	nodes[2].sees(b, c)
}

func TestANodeThatIsKilledIsGoneAfterItsTime(t *testing.T) {
	s := prepare(t)
	s.start(t.TempDir())
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), victim+"="+b, victimEndpoint+"="+s.client.Host)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	n := run(t, etcd.Provider{Endpoints: []string{s.client.Host}, TTL: never}, a)
	n.sees(a, b)
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	n.sees(a)
}

func TestEtcdIsAwayForAWhile(t *testing.T) {
	s := prepare(t)
	folder := t.TempDir()
	logs := &spoken{make(chan string, 1000)}
	p := etcd.Provider{Endpoints: []string{s.client.String()}, TTL: never, Logger: slog.New(slog.NewTextHandler(logs, nil))}

	// It is not there when the node starts.
	first := run(t, p, a)
	logs.await(t, "etcd does not tell of other nodes")
	s.start(folder)
	first.sees(a)

	// It ends, and starts with what it knew. Nobody is gone meanwhile.
	s.kill()
	second := run(t, p, b)
	logs.await(t, "etcd does not tell of other nodes")
	s.start(folder)
	second.sees(a, b)
	if got := <-first.found; !slices.Equal(got, []string{a, b}) {
		t.Errorf("the first node was told of %q, want to hear of both and of nothing before", got)
	}

	// A node can end without it.
	s.kill()
	second.end()
}

// What a lease's end says to a node, etcd's loss of everything says too: it must make itself known again.
func TestEtcdForgetsEverything(t *testing.T) {
	s := prepare(t)
	s.start(t.TempDir())
	p := etcd.Provider{Endpoints: []string{s.client.String()}, TTL: 2 * time.Second}
	nodes := []*node{run(t, p, a), run(t, p, b)}
	for _, n := range nodes {
		n.sees(a, b)
	}
	s.kill()
	s.start(t.TempDir())
	run(t, p, c).sees(a, b, c)
	for _, n := range nodes {
		n.sees(a, b, c)
	}
}

func TestWhoeverRemovesAKeyFindsItThereAgain(t *testing.T) {
	s := prepare(t)
	s.start(t.TempDir())
	p := etcd.Provider{Endpoints: []string{s.client.String()}, TTL: never}
	nodes := []*node{run(t, p, a), run(t, p, b)}
	for _, n := range nodes {
		n.sees(a, b)
	}
	if _, err := s.dial().Delete(within(t), "/fairlead/"+a); err != nil {
		t.Fatal(err)
	}
	nodes[1].sees(b)
	nodes[1].sees(a, b)
}

func TestWhatHappenedMeanwhileIsCompacted(t *testing.T) {
	s := prepare(t)
	s.start(t.TempDir())
	wire := lay(t, s.client.Host)
	logs := &spoken{make(chan string, 1000)}
	far := run(t, etcd.Provider{
		Endpoints: []string{wire.Addr().String()}, TTL: never,
		Logger: slog.New(slog.NewTextHandler(logs, nil)),
	}, a)
	far.sees(a)
	wire.cut()
	p := etcd.Provider{Endpoints: []string{s.client.Host}, TTL: never}
	near := run(t, p, b)
	near.sees(a, b)
	near.end()
	run(t, p, c).sees(a, c)
	client := s.dial()
	now, err := client.Get(within(t), "any")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Compact(within(t), now.Header.GetRevision(), clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	wire.mend()
	logs.await(t, "compacted")
	far.sees(a, c)
}

func TestPasswords(t *testing.T) {
	s := prepare(t)
	s.start(t.TempDir())
	client := s.dial()
	for _, what := range []func() error{
		func() error { _, err := client.UserAdd(within(t), "root", "secret"); return err },
		func() error { _, err := client.UserGrantRole(within(t), "root", "root"); return err },
		func() error { _, err := client.AuthEnable(within(t)); return err },
	} {
		if err := what(); err != nil {
			t.Fatal(err)
		}
	}
	logs := &spoken{make(chan string, 1000)}
	p := etcd.Provider{Endpoints: []string{s.client.String()}, TTL: never, Username: "root", Password: "wrong", Logger: slog.New(slog.NewTextHandler(logs, nil))}
	run(t, p, b)
	logs.await(t, "invalid user ID or password")
	p.Password = "secret"
	run(t, p, a).sees(a)
}

func TestTLS(t *testing.T) {
	s := prepare(t)
	s.client = url.URL{Scheme: "https", Host: s.client.Host}
	trust, flags := secure(t)
	s.extra = flags
	s.start(t.TempDir())
	run(t, etcd.Provider{Endpoints: []string{s.client.String()}, TTL: never, TLS: trust}, a).sees(a)
}

func TestWhatCanNeverWork(t *testing.T) {
	for name, c := range map[string]struct {
		etcd.Provider
		want string
	}{
		"no endpoint":           {etcd.Provider{}, "Endpoints:"},
		"a TTL below a second":  {etcd.Provider{Endpoints: []string{"x:1"}, TTL: time.Millisecond}, "TTL:"},
		"a TTL that is no time": {etcd.Provider{Endpoints: []string{"x:1"}, TTL: -time.Second}, "TTL:"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.Run(t.Context(), &messages.Member{Address: a}, func([]string) { t.Error("found somebody") })
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || errors.Is(err, context.Canceled) {
				t.Errorf("Run ended with %v, want %s", err, c.want)
			}
		})
	}
}
