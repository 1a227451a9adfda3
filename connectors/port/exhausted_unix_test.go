//go:build unix

package port_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/port"
)

// asServer says to a test binary that it is the server of TestNoFileDescriptorIsLeft.
const asServer = "FAIRLEAD_PORT_TEST_SERVER"

// server runs in a process of its own, whose file descriptors are few. It echoes, and
// does what the lines on its standard input ask for, with a line for an answer each.
func server() {
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, few()); err != nil {
		panic(err)
	}
	lines := &counting{}
	p := &port.Port{Addr: "127.0.0.1:0", Admit: admit.Limits{MaxConns: -1}, Logger: slog.New(lines)}
	s, err := p.Listen(context.Background(), port.Claim{Bytes: []byte{4}, Conn: func(c net.Conn) { go echo(c) }})
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Addr())
	var taken []*os.File
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "take all":
			for f, err := os.Open(os.DevNull); err == nil; f, err = os.Open(os.DevNull) {
				taken = append(taken, f)
			}
		case "give back":
			for _, f := range taken {
				_ = f.Close()
			}
			taken = nil
		}
		c := p.Counts()
		fmt.Println(c.AcceptErrors, c.Shed, lines.n.Load(), s.Health() == nil)
	}
}

func few() *syscall.Rlimit {
	r := &syscall.Rlimit{}
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, r)
	setCur(&r.Cur, 64)
	return r
}

func echo(c net.Conn) {
	defer c.Close()
	_, _ = io.Copy(c, c)
}

// counting is a log of which only the length is kept.
type counting struct {
	slog.Handler
	n atomic.Int64
}

func (c *counting) Enabled(context.Context, slog.Level) bool { return true }

func (c *counting) Handle(context.Context, slog.Record) error {
	c.n.Add(1)
	return nil
}

// state is what the server answers.
type state struct {
	errors, shed uint64
	lines        int
	healthy      bool
}

// serve starts a server and returns its address and who asks it.
func serve(t *testing.T) (addr string, ask func(string) state) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asServer+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Scan()
	return lines.Text(), func(what string) (s state) {
		t.Helper()
		_, _ = fmt.Fprintln(in, what)
		lines.Scan()
		if _, err := fmt.Sscan(lines.Text(), &s.errors, &s.shed, &s.lines, &s.healthy); err != nil {
			t.Fatalf("the server says %q", lines.Text())
		}
		return s
	}
}

// served tells whether a client is served, and how it ended if not.
func served(addr string) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	return echoed(c)
}

func echoed(c net.Conn) error {
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, "\x04"); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

func TestNoFileDescriptorIsLeft(t *testing.T) {
	addr, ask := serve(t)
	living, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	if err := echoed(living); err != nil {
		t.Fatal(err)
	}

	before := ask("take all")
	begin := time.Now()
	turnedAway := 0
	for time.Since(begin) < 2*time.Second {
		tried := time.Now()
		if err := served(addr); err == nil {
			t.Fatal("served without a file descriptor")
		}
		if d := time.Since(tried); d > time.Second {
			t.Errorf("turned away after %v", d)
		}
		turnedAway++
	}
	if err := echoed(living); err != nil {
		t.Errorf("a client that was in: %v", err)
	}
	now := ask("how are you")
	if n := float64(now.errors-before.errors) / time.Since(begin).Seconds(); n == 0 || n > 100 {
		t.Errorf("%.0f accept errors a second, want some, and 100 at the most", n)
	}
	if now.healthy || now.shed == 0 || now.lines > 1 {
		t.Errorf("state %+v, want it to be bad, clients to be shed, and one line of log", now)
	}

	ask("give back")
	begin = time.Now()
	for err := served(addr); err != nil; err = served(addr) {
		if time.Since(begin) > patience {
			t.Fatal(err)
		}
	}
	d := time.Since(begin)
	if d > 2*time.Second {
		t.Errorf("served again after %v", d)
	}
	if s := ask("how are you"); !s.healthy {
		t.Error("not healthy, though clients come in")
	}
	t.Logf("%d turned away in 2 s; %d accept errors, %d shed, %d lines; served again after %v", turnedAway, now.errors-before.errors, now.shed, now.lines, d)
}
