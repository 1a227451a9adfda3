package consul_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/internal/leak"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
	"github.com/fairlead-go/fairlead/supervisor/cluster/consul"
	"google.golang.org/protobuf/encoding/protojson"
)

var _ cluster.Provider = consul.Provider{}

const (
	// patience is how long a test waits for what must come.
	patience = 60 * time.Second
	// never is a TTL that no test sees the end of.
	never = 10 * time.Minute
)

// victim is the environment variable that makes this program a node at an address, for a test to kill.
const (
	victim      = "FAIRLEAD_TEST_VICTIM"
	victimAgent = "FAIRLEAD_TEST_AGENT"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(victim); address != "" {
		p := consul.Provider{Address: os.Getenv(victimAgent), TTL: 2 * time.Second}
		if err := p.Run(context.Background(), &messages.Member{Address: address}, func([]string) {}); err != nil {
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

func run(t *testing.T, p consul.Provider, address string) *node {
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

const a, b, c = "10.0.0.1:7946", "[fd00::2]:7946", "node-3.example:7946"

func TestNodesFindEachOtherAndEndAtOnce(t *testing.T) {
	s := prepare(t)
	s.start()
	p := consul.Provider{Address: "http://" + s.address(), TTL: never}
	other := p
	other.Service = "others"
	var nodes []*node
	for _, address := range []string{a, b, c} {
		nodes = append(nodes, run(t, p, address))
	}
	for _, n := range nodes {
		n.sees(a, b, c)
	}
	run(t, other, "10.0.0.9:7946").sees("10.0.0.9:7946")
	hasMember(t, s)

	nodes[0].end()
	nodes[1].sees(b, c)
	nodes[2].sees(b, c)
}

// hasMember wants Consul to show the member as JSON.
func hasMember(t *testing.T, s agent) {
	t.Helper()
	answer, err := http.Get("http://" + s.address() + "/v1/health/service/fairlead?passing&wait=1s")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	var all []struct {
		Service struct{ Meta map[string]string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil || len(all) != 3 {
		t.Fatalf("%d services (%v), want 3", len(all), err)
	}
	var m messages.Member
	if err := protojson.Unmarshal([]byte(all[0].Service.Meta["member"]), &m); err != nil || m.GetId() != "id-"+m.GetAddress() {
		t.Errorf("a node's service says %v (%v), want the member as JSON", all[0].Service.Meta, err)
	}
}

func TestANodeThatIsKilledIsGoneAfterItsTime(t *testing.T) {
	s := prepare(t)
	s.start()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), victim+"="+b, victimAgent+"="+s.address())
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	n := run(t, consul.Provider{Address: s.address(), TTL: never}, a)
	n.sees(a, b)
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	n.sees(a)
}

func TestTheAgentIsAwayAndForgetsEverything(t *testing.T) {
	s := prepare(t)
	logs := &spoken{make(chan string, 1000)}
	p := consul.Provider{Address: s.address(), TTL: 3 * time.Second, Logger: slog.New(slog.NewTextHandler(logs, nil))}

	first := run(t, p, a)
	logs.await(t, "Consul does not tell of other nodes")
	s.start()
	first.sees(a)

	s.kill()
	second := run(t, p, b)
	logs.await(t, "Consul does not tell of other nodes")
	s.start()
	first.sees(a, b)

	s.kill()
	second.end() // a node can end without it
}

// It may forget one node only, as when somebody removes it.
func TestWhoeverRemovesANodeFindsItThereAgain(t *testing.T) {
	s := prepare(t)
	s.start()
	p := consul.Provider{Address: s.address(), TTL: 3 * time.Second}
	nodes := []*node{run(t, p, a), run(t, p, b)}
	for _, n := range nodes {
		n.sees(a, b)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+s.address()+"/v1/agent/service/deregister/fairlead-"+a, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	nodes[1].sees(b)
	nodes[1].sees(a, b)
}

func TestTokensAndTLS(t *testing.T) {
	s := &fake{t: t, token: "secret", secure: true}
	l := listen(t)
	s.at = l.Addr().String()
	l.Close()
	t.Cleanup(s.kill)
	s.start()
	logs := &spoken{make(chan string, 1000)}
	p := consul.Provider{Address: s.at, Token: "wrong", TLS: s.trust(), Logger: slog.New(slog.NewTextHandler(logs, nil))}
	run(t, p, b)
	logs.await(t, "Permission denied")
	p.Token = "secret"
	run(t, p, a).sees(a)
}

func TestWhatCanNeverWork(t *testing.T) {
	for name, c := range map[string]struct {
		consul.Provider
		self, want string
	}{
		"a TTL below a second":           {consul.Provider{TTL: time.Millisecond}, a, "TTL:"},
		"an address of no known kind":    {consul.Provider{Address: "ftp://x"}, a, "Address:"},
		"a node without a port":          {consul.Provider{}, "10.0.0.1", "consul: address 10.0.0.1:"},
		"a node whose port is no number": {consul.Provider{}, "10.0.0.1:http", "consul: address 10.0.0.1:http:"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.Run(t.Context(), &messages.Member{Address: c.self}, func([]string) { t.Error("found somebody") })
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("Run ended with %v, want %s", err, c.want)
			}
		})
	}
}
