//go:build unix && !race

package cluster_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/supervisor/cluster/peer"
)

// fleet is a cluster of real processes on the loopback.
type fleet struct {
	t        *testing.T
	gates    []*process
	backends []*process
}

// process is a node that can be killed, and started again at the same addresses.
type process struct {
	t     *testing.T
	conf  nodeConfig
	cmd   *exec.Cmd
	stdin io.Closer
	lines chan string
	log   *strings.Builder
	mu    sync.Mutex // the log's: written while it may be read
}

// launch starts gates and backends, and waits until all are members.
func launch(t *testing.T, gates, backends int) *fleet {
	t.Helper()
	return launchAt(t, gates, backends, func(int) string { return "127.0.0.1" })
}

// launchAt is launch, with a host for each node.
func launchAt(t *testing.T, gates, backends int, host func(i int) string) *fleet {
	t.Helper()
	f := &fleet{t: t}
	var join, hosts []string
	for i := range gates + backends {
		join = append(join, freeAddr(t, host(i)))
		hosts = append(hosts, host(i))
	}
	certs, err := peer.Generate(t.TempDir(), hosts...)
	if err != nil {
		t.Fatal(err)
	}
	for i, address := range join {
		c := nodeConfig{Listen: address, Join: join, Expect: len(join)/2 + 1, Certs: certs, Logins: actors.KickOlder}
		p := &process{t: t, conf: c}
		if i < gates {
			p.conf.Clients = freeAddr(t, "127.0.0.1")
			f.gates = append(f.gates, p)
		} else {
			f.backends = append(f.backends, p)
		}
	}
	t.Cleanup(f.end)
	for _, p := range f.all() {
		p.start()
	}
	for _, p := range f.all() {
		p.await("ready")
	}
	f.awaitMembers(len(join))
	return f
}

func (f *fleet) all() []*process { return append(slices.Clone(f.gates), f.backends...) }

func (f *fleet) end() {
	for _, p := range f.all() {
		p.kill()
		if f.t.Failed() {
			p.mu.Lock()
			f.t.Logf("%s:\n%s", p.conf.Listen, p.log)
			p.mu.Unlock()
		}
	}
}

// awaitMembers waits until every living gate sees that many members.
func (f *fleet) awaitMembers(want int) {
	f.t.Helper()
	for _, p := range f.gates {
		if p.cmd == nil {
			continue
		}
		c := p.dial()
		eventually(f.t, fmt.Sprintf("%d members at %s", want, p.conf.Listen), func() bool {
			var list []string
			return ask(c, "door.members", nil, &list) == nil && len(list) == want
		})
		c.Close()
	}
}

// start runs the node.
func (p *process) start() {
	p.t.Helper()
	text, err := json.Marshal(p.conf)
	if err != nil {
		p.t.Fatal(err)
	}
	p.run(nodeVariable, string(text))
}

// run runs the test's own binary, which a variable makes something else.
func (p *process) run(variable, text string) {
	p.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+text, "GOMAXPROCS=2")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	if p.log == nil {
		p.log = &strings.Builder{}
	}
	p.mu.Unlock()
	cmd.Stderr = p
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.cmd, p.lines = cmd, make(chan string, 16)
	lines := p.lines
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
}

// Write keeps what the node logs.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

// await waits for a line that begins with word, and returns it.
func (p *process) await(word string) string {
	p.t.Helper()
	return p.awaitFor(word, patience)
}

func (p *process) awaitFor(word string, most time.Duration) string {
	p.t.Helper()
	limit := time.NewTimer(most)
	defer limit.Stop()
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("%s ended before it said %q", p.conf.Listen, word)
			}
			if strings.HasPrefix(line, word) {
				return line
			}
		case <-limit.C:
			p.t.Fatalf("%s has not said %q", p.conf.Listen, word)
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process as a crash does.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	_ = p.cmd.Wait()
	_ = p.stdin.Close()
	p.cmd = nil
}

// terminate ends it in good order, and returns the line that says how.
func (p *process) terminate() string {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	line := p.await("drained")
	_ = p.cmd.Wait()
	_ = p.stdin.Close()
	p.cmd = nil
	return line
}

// dial is a client of the gate's.
func (p *process) dial() *client.Client {
	p.t.Helper()
	c, err := p.tryDial()
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

func (p *process) tryDial() (*client.Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return client.Dial(ctx, client.Config{Addr: p.conf.Clients, Silent: true})
}

var handedOut sync.Map // addresses that a test has been given

// freeAddr is an address that nobody listens on, that no other test has been given, and that is no port
// of those that connections take by themselves: a node that comes back wants it again.
func freeAddr(t *testing.T, host string) string {
	t.Helper()
	for {
		address := fmt.Sprintf("%s:%d", host, 20000+rand.IntN(10000))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		l.Close()
		if _, twice := handedOut.LoadOrStore(address, true); !twice {
			return address
		}
	}
}
