package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// freePort is a port that nobody listens on, at least a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestTheServerIsStartedAccountedAndStopped(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	report, err := robot(t, t.Context(), "-port", port, "-server", "env "+serveAt+"=127.0.0.1:{port} '"+self+"'")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"server CPU", "of a core", "for each of the answers", "MB, ", "for each client"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report does not say %q:\n%s", want, report)
		}
	}
	if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		c.Close()
		t.Error("the server still listens")
	}
}

func TestCommandsThatDoNotServe(t *testing.T) {
	for name, tt := range map[string]struct{ command, says string }{
		"one that is none":  {"/no/such/thing {port}", "/no/such/thing"},
		"one that ends":     {"true", "ended before it served: exit status 0"},
		"one that says why": {"sh -c 'echo first; echo port {port} is taken >&2; exit 3'", "exit status 3: port "},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := robot(t, t.Context(), "-port", freePort(t), "-server", tt.command)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") || report != "" {
				t.Errorf("error %v, want %q; report %q", err, tt.says, report)
			}
		})
	}
}

func TestAServerThatIsThereIsNotTakenForOurs(t *testing.T) {
	addr := serve(t, lobby{})
	_, err := robot(t, t.Context(), "-addr", "tcp://"+addr, "-server", "true")
	if err == nil || !strings.Contains(err.Error(), "somebody else serves at tcp://"+addr) {
		t.Errorf("error %v", err)
	}
}

func TestWhatTheServerPrintsIsShownOnlyWhenAskedFor(t *testing.T) {
	for _, verbose := range []bool{true, false} {
		var stdout, stderr bytes.Buffer
		args := []string{"-port", freePort(t), "-server", "echo here I am", "-v=" + strconv.FormatBool(verbose)}
		if err := run(t.Context(), args, &stdout, &stderr); err == nil {
			t.Error("echo is a server")
		}
		if got := stderr.String() == "here I am\n"; got != verbose {
			t.Errorf("with -v=%v, stderr is %q", verbose, &stderr)
		}
	}
}

func TestWhatAProcessSpendsIsCountedWithItsChildren(t *testing.T) {
	before, err := spentBy(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// A child that works, and its own child that waits: both are ours.
	child := exec.Command("sh", "-c", "while :; do :; done & read line; kill $!")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer in.Close()
	for end := time.Now().Add(20 * time.Second); ; {
		now, err := spentBy(child.Process.Pid)
		all, _ := spentBy(os.Getpid())
		if err == nil && now.cpu >= 50*time.Millisecond && now.memory > 0 && all.cpu >= before.cpu+now.cpu {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after 20 s the child has %v, %d bytes; all together %v, before %v", now.cpu, now.memory, all.cpu, before.cpu)
		}
	}
}
