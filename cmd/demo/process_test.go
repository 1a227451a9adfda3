//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/messages"
)

// long bounds what real processes take on a busy machine.
const long = 30 * time.Second

// process is a demo of its own, and what it says.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of stdout
	logs  bytes.Buffer
	ended chan struct{}
	err   error // of its end
}

func launch(t *testing.T, binary string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, args...), lines: make(chan string, 1000), ended: make(chan struct{})}
	screen, write := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = write, &stage{w: &p.logs}
	p.cmd.WaitDelay = 5 * time.Second
	p.cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir()) // who is killed leaves certificates there
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(screen); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
	}()
	go func() {
		p.err = p.cmd.Wait()
		write.Close()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		for range p.lines {
		}
		if t.Failed() {
			t.Logf("%v\n%s", args, &p.logs)
		}
	})
	return p
}

// says waits for a line and returns what the pattern's groups are in it.
func (p *process) says(pattern string) []string {
	p.t.Helper()
	deadline := time.After(long)
	for want := regexp.MustCompile(pattern); ; {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("it ends, and has not said %q", pattern)
			}
			if m := want.FindStringSubmatch(line); m != nil {
				return m[1:]
			}
		case <-deadline:
			p.t.Fatalf("it does not say %q", pattern)
		}
	}
}

// ends waits for its end.
func (p *process) ends() error {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.err
	case <-time.After(long):
		p.t.Fatal("it does not end")
		return nil
	}
}

func send(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(long); !f(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it does not come to that", what)
		}
	}
}

// gone wants processes to be no more.
func gone(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is there: %v", pid, err)
		}
	}
}

// probe is what an address answers, 0 for nothing.
func probe(t *testing.T, url string) int {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	one := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := one.Do(r)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// insist asks until somebody has the lobby.
func (g *guest) insist(route, body string) (answer string) {
	g.t.Helper()
	eventually(g.t, route, func() bool {
		answer = g.ask(route, body)
		return !strings.HasPrefix(answer, `{"code":`+strconv.Itoa(int(messages.CodeUnavailable)))
	})
	return answer
}

// closed tells whether the address refuses clients.
func closed(t *testing.T, addr string) bool {
	c, err := client.Dial(t.Context(), client.Config{Addr: addr})
	if err == nil {
		_ = c.Close()
	}
	return err != nil
}
