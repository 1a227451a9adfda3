package etcd_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/internal/need"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// server is an etcd of one test's own, which may end and start again at the same address.
type server struct {
	t       *testing.T
	program string
	client  url.URL // where it listens for clients
	peer    url.URL
	extra   []string // more of its flags

	process *exec.Cmd
	out     strings.Builder
}

// prepare chooses a server's addresses. It is not started.
func prepare(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, program: need.Program(t, "etcd")}
	// Both ports are taken at once, or they could be the same one.
	a, b := listen(t), listen(t)
	s.client = url.URL{Scheme: "http", Host: a.Addr().String()}
	s.peer = url.URL{Scheme: "http", Host: b.Addr().String()}
	a.Close()
	b.Close()
	t.Cleanup(s.kill)
	return s
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start starts the server with what is in folder. It may take a while until it answers.
func (s *server) start(folder string) {
	s.t.Helper()
	client, peer := s.client.String(), s.peer.String()
	s.process = exec.Command(s.program, append([]string{
		"--name", "one", "--data-dir", folder, "--log-level", "error",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "one=" + peer,
	}, s.extra...)...)
	s.process.Stdout, s.process.Stderr = &s.out, &s.out
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// kill ends the server without a word, if it runs.
func (s *server) kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait() // that it was killed is no news
	s.process = nil
	if s.t.Failed() {
		s.t.Logf("etcd said: %s", s.out.String())
	}
}

// dial makes a client for what the test does itself.
func (s *server) dial() *clientv3.Client {
	s.t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{s.client.Host}, Logger: zap.NewNop()})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// within is a context for one thing that a test does.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// cable carries bytes to an etcd until it is cut.
type cable struct {
	net.Listener
	to string

	mu    sync.Mutex // its own goroutines carry, the test cuts
	is    bool       // cut
	wires map[net.Conn]bool
	wait  sync.WaitGroup
}

func lay(t *testing.T, to string) *cable {
	t.Helper()
	c := &cable{Listener: listen(t), to: to, wires: map[net.Conn]bool{}}
	c.wait.Go(c.accept)
	t.Cleanup(func() {
		c.Close()
		c.cut()
		c.wait.Wait()
	})
	return c
}

func (c *cable) accept() {
	for {
		from, err := c.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", c.to)
		if err != nil || !c.keep(from, to) {
			from.Close()
			if err == nil {
				to.Close()
			}
			continue
		}
		c.wait.Go(func() { carry(from, to) })
		c.wait.Go(func() { carry(to, from) })
	}
}

func carry(from, to net.Conn) {
	_, _ = io.Copy(to, from) // that a wire breaks is what it is for
	from.Close()
	to.Close()
}

// keep says whether two wires may carry, and keeps them for the cut.
func (c *cable) keep(wires ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range wires {
		c.wires[w] = true
	}
	return !c.is
}

func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.is = true
	for w := range c.wires {
		w.Close()
	}
	clear(c.wires)
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.is = false
}

// spoken is what a logger wrote, for a test to wait for.
type spoken struct {
	lines chan string
}

func (s *spoken) Write(line []byte) (int, error) {
	select {
	case s.lines <- string(line):
	default: // nobody waits for so many
	}
	return len(line), nil
}

// await waits for a line with text in it.
func (s *spoken) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line := <-s.lines:
			if strings.Contains(line, text) {
				return
			}
		case <-late:
			t.Fatalf("no line with %q after %v", text, patience)
		}
	}
}
