//go:build linux

package stress_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// child is a server process as its test sees it.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	addr  string
	lines atomic.Int64 // logged
	last  atomic.Pointer[string]

	mu    sync.Mutex // one command at a time
	stdin io.WriteCloser
	out   *json.Decoder
	fresh *stats // before anybody came
}

// start starts a server, which ends with the test.
func start(t *testing.T, s setup) *child {
	t.Helper()
	env, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), setupEnv+"="+string(env))
	stdout, _ := c.cmd.StdoutPipe()
	stderr, _ := c.cmd.StderrPipe()
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		c.listen(stderr)
	}()
	c.out = json.NewDecoder(stdout)
	t.Cleanup(func() { c.end(logged) })
	c.addr = c.read("start").Addr
	c.fresh = c.stats()
	return c
}

// wordsKept is how many lines are kept of what a server says when it is dying, or racing.
const wordsKept = 80

// listen counts the lines of the server's log, and keeps the last, or what came when it died.
func (c *child) listen(log io.Reader) {
	lines := bufio.NewReader(log)
	var words []string
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			c.lines.Add(1)
			if len(words) > 0 || strings.Contains(line, "DATA RACE") || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
				words = append(words, line)
				line = strings.Join(words[:min(len(words), wordsKept)], "")
			}
			c.last.Store(&line)
		}
		if err != nil {
			return
		}
	}
}

// end ends the process. Having died before, or holding anything of clients that have left, is a failure
// of any test.
func (c *child) end(logged chan struct{}) {
	if c.fresh != nil && !c.t.Failed() {
		c.expectClean()
	}
	_ = c.stdin.Close()
	<-logged
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("the server died: %v; its last words: %s", err, c.lastWords())
	}
}

// spare is how many goroutines of its pools the server may keep.
const spare = 40

// expectClean waits for the server to be as it was before anybody came.
func (c *child) expectClean() {
	var s *stats
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); pause(20 * time.Millisecond) {
		a, err := c.try(command{Do: "stats"})
		if err != nil {
			return // it has died, which is said elsewhere
		}
		if s = a.Stats; s.Connections == 0 && s.Admit.Open == 0 && s.Goroutines <= c.fresh.Goroutines+spare {
			return
		}
	}
	c.t.Errorf("all clients have left, but the server has %d connections, %d let in, and %d goroutines (%d when it was fresh)",
		s.Connections, s.Admit.Open, s.Goroutines, c.fresh.Goroutines)
}

func (c *child) lastWords() string {
	if s := c.last.Load(); s != nil {
		return *s
	}
	return ""
}

// obeyTime is how long a command may take; then the server is taken to hang, and ended.
const obeyTime = 5 * time.Minute

// do has the server obey. It must live.
func (c *child) do(cmd command) answer {
	c.t.Helper()
	a, err := c.try(cmd)
	if err != nil {
		c.t.Fatalf("%s: %v; the server's last words: %s", cmd.Do, err, c.lastWords())
	}
	return a
}

func (c *child) try(cmd command) (a answer, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	watch := time.AfterFunc(obeyTime, func() { _ = c.cmd.Process.Kill() })
	defer watch.Stop()
	if err := json.NewEncoder(c.stdin).Encode(cmd); err != nil {
		return a, err
	}
	if err = c.out.Decode(&a); err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return a, err
}

func (c *child) read(what string) (a answer) {
	c.t.Helper()
	if err := c.out.Decode(&a); err != nil {
		c.t.Fatalf("%s: %v; the server's last words: %s", what, err, c.lastWords())
	}
	return a
}

func (c *child) stats() *stats {
	c.t.Helper()
	return c.do(command{Do: "stats"}).Stats
}

// settled are the stats after a garbage collection.
func (c *child) settled() *stats {
	c.t.Helper()
	return c.do(command{Do: "gc"}).Stats
}

// left waits until n clients are left.
func (c *child) left(most time.Duration, n int) {
	c.t.Helper()
	await(c.t, most, "the server has let go of who has left", func() bool { return c.stats().Connections == n })
}
