//go:build unix

package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/internal/browser"
	"github.com/fairlead-go/fairlead/internal/need"
)

// running is a gate and two backends.
type running struct {
	*process
	addr  string
	pids  map[string]int // by name
	lobby int            // the process that has it
}

func startFleet(t *testing.T, binary string, args ...string) *running {
	t.Helper()
	f := &running{process: launch(t, binary, append([]string{"-cluster", "-addr", "127.0.0.1:0"}, args...)...), pids: map[string]int{}}
	for range backends + 1 {
		m := f.says(`^  (gate|backend \d) +process (\d+) `)
		f.pids[m[0]], _ = strconv.Atoi(m[1]) // digits
	}
	f.addr = f.says(`^  tcp +(\S+) `)[0]
	f.lobbyMoves()
	return f
}

// lobbyMoves waits for the word of where the lobby lives.
func (f *running) lobbyMoves() {
	f.t.Helper()
	m := f.says(`^the lobby lives at (backend \d) now \(process (\d+)\)$`)
	f.lobby = f.pids[m[0]]
	if got := strconv.Itoa(f.lobby); got != m[1] {
		f.t.Errorf("%s is process %s, and says that it is %s", m[0], got, m[1])
	}
}

func TestFleetGoesOnWithoutABackend(t *testing.T) {
	f := startFleet(t, build(t).Path)
	a, g := visit(t, f.addr), visit(t, f.addr)
	if got, want := a.insist("lobby.join", adaJoins), `"players":[`+ada+`]}`; !strings.HasSuffix(got, want) {
		t.Errorf("join = %s, want …%s", got, want)
	}
	g.insist("lobby.join", graceJoins)
	a.hears("onJoin " + grace)
	a.tell("lobby.chat", `{"name":"Ada","content":"hi"}`)
	g.hears(`onChat {"name":"Ada","content":"hi"}`)
	eventually(t, "ready", func() bool { return probe(t, "http://"+f.addr+"/ready") == http.StatusOK })

	begin := time.Now()
	send(t, f.lobby, syscall.SIGKILL)
	f.lobbyMoves()
	if d := time.Since(begin); d > 3*time.Second {
		t.Errorf("the other one has it after %v", d)
	}
	g.insist("lobby.echo", "1")
	g.hears("onAnew {}")
	g.expect("lobby.chat", `{"name":"Grace","content":"hi"}`, `{"code":400,"msg":"join first: lobby.join"}`)
	first := strings.Replace(strings.Replace(grace, `"id":2`, `"id":1`, 1), `"hue":30`, `"hue":215`, 1)
	g.expect("lobby.join", graceJoins, first[:len(first)-1]+`,"players":[`+first+`]}`)
	g.tell("lobby.chat", `{"name":"Grace","content":"again"}`)
	g.hears(`onChat {"name":"Grace","content":"again"}`)

	begin = time.Now()
	send(t, f.cmd.Process.Pid, syscall.SIGINT)
	if err := f.ends(); err != nil {
		t.Errorf("exit: %v", err)
	}
	if d := time.Since(begin); d > patience {
		t.Errorf("it ends after %v", d)
	}
	a.client.Close()
	gone(t, f.pids["gate"], f.pids["backend 1"], f.pids["backend 2"])
}

func TestFleetEnds(t *testing.T) {
	binary := build(t).Path
	t.Run("with two backends", func(t *testing.T) {
		f := startFleet(t, binary, "-log", "info")
		begin := time.Now()
		send(t, f.cmd.Process.Pid, syscall.SIGINT)
		if err := f.ends(); err != nil {
			t.Errorf("exit: %v", err)
		}
		if d := time.Since(begin); d > patience {
			t.Errorf("it ends after %v", d)
		}
		gone(t, f.pids["gate"], f.pids["backend 1"], f.pids["backend 2"])
		for name := range f.pids {
			if n := strings.Count(f.logs.String(), name+" "); n == 0 {
				t.Errorf("no log of %s:\n%s", name, &f.logs)
			}
		}
		if n := strings.Count(f.logs.String(), "msg=drained"); n != len(f.pids) {
			t.Errorf("%d have drained, want %d", n, len(f.pids))
		}
	})
	t.Run("when the gate does, and not before", func(t *testing.T) {
		f := startFleet(t, binary)
		for _, name := range []string{"backend 1", "backend 2"} {
			send(t, f.pids[name], syscall.SIGKILL)
			f.says("^" + name + " has ended: signal: killed$")
		}
		f.says("^nobody is left")
		if got := probe(t, "http://"+f.addr+"/healthz"); got != http.StatusOK {
			t.Errorf("healthz: %d", got)
		}
		send(t, f.pids["gate"], syscall.SIGKILL)
		if err := f.ends(); err == nil || !strings.Contains(f.logs.String(), "the gate has ended: signal: killed") {
			t.Errorf("exit: %v", err)
		}
		gone(t, f.pids["gate"], f.pids["backend 1"], f.pids["backend 2"])
	})
	t.Run("when nobody is left who could end it", func(t *testing.T) {
		f := startFleet(t, binary)
		send(t, f.cmd.Process.Pid, syscall.SIGKILL)
		_ = f.ends() // killed
		eventually(t, "the gate ends", func() bool { return closed(t, f.addr) })
	})
	t.Run("when the gate cannot start", func(t *testing.T) {
		p := launch(t, binary, "-cluster", "-addr", "nowhere")
		if err := p.ends(); err == nil || !strings.Contains(p.logs.String(), "nowhere") {
			t.Errorf("exit: %v", err)
		}
	})
}

func TestNodesByHand(t *testing.T) {
	binary, certs := build(t).Path, filepath.Join(t.TempDir(), "certs")
	ca := func() []byte {
		if err := launch(t, binary, "-certs", certs, "-hosts", "127.0.0.1,localhost").ends(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(certs, "ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if first := ca(); !bytes.Equal(ca(), first) {
		t.Error("the CA has been replaced")
	}
	at, err := freeAddresses(3)
	if err != nil {
		t.Fatal(err)
	}
	backend := launch(t, binary, "-role", "backend", "-certs", certs, "-listen", at[0], "-name", "bo", "-health", at[2])
	backend.says("a backend, process .* at " + at[0])
	backend.says(`^the lobby lives at bo now`)
	eventually(t, "ready", func() bool { return probe(t, "http://"+at[2]+"/ready") == http.StatusOK })
	if got := probe(t, "http://"+at[2]+"/healthz"); got != http.StatusOK {
		t.Errorf("healthz: %d", got)
	}
	gate := launch(t, binary, "-role", "gate", "-addr", "127.0.0.1:0", "-certs", certs, "-listen", at[1], "-join", at[0])
	addr := gate.says(`^  tcp +(\S+) `)[0]
	eventually(t, "ready", func() bool { return probe(t, "http://"+addr+"/ready") == http.StatusOK })
	a := visit(t, addr)
	if got := a.insist("lobby.echo", `{"hi":1}`); got != `{"hi":1}` {
		t.Errorf("echo = %s", got)
	}
	for _, p := range []*process{backend, gate} { // without a backend, nobody answers
		send(t, p.cmd.Process.Pid, syscall.SIGTERM)
		if err := p.ends(); err != nil {
			t.Errorf("exit: %v", err)
		}
		if p == backend {
			a.expect("lobby.echo", "1", `{"code":502,"msg":"unavailable"}`)
		}
	}
}

// The page joins again by itself when the lobby has moved: it hears of it, or learns it where it asks.
func TestWindowsMoveWithTheLobby(t *testing.T) {
	f := startFleet(t, build(t).Path)
	b := browser.Start(t, need.Program(t, "chromium"))
	windows := map[string]*browser.Page{"Ada": board(b, f.addr, "Ada"), "Grace": boardIO(b, f.addr, "Grace")}
	const both = `document.querySelectorAll(".player").length === 2`
	for _, p := range windows {
		p.Until(both)
	}
	send(t, f.lobby, syscall.SIGKILL)
	f.lobbyMoves()
	say(windows["Ada"], "Still here?")
	const heard = `[...document.querySelectorAll(".line:not(.note)")].some((l) => l.querySelector(".what").textContent === "Still here?")`
	for name, p := range windows {
		p.Until(`document.getElementById("lines").textContent.includes("The lobby has moved, and you with it")`)
		p.Until(both + ` && document.querySelector(".dot.me").dataset.name === "` + name + `"`)
	}
	windows["Ada"].Until(heard)
	say(windows["Grace"], "Yes!")
	windows["Ada"].Until(strings.Replace(heard, "Still here?", "Yes!", 1))
	for name, p := range windows {
		if bad := p.Complaints(); len(bad) > 0 {
			t.Errorf("%s's window complains: %q", name, bad)
		}
	}
}

func TestLinesAreSaidWhole(t *testing.T) {
	var b bytes.Buffer
	v := &voice{name: "gate", to: &b}
	for _, part := range []string{"on", "e\ntwo\nth", "ree", "\n"} {
		if n, err := io.WriteString(v, part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if got, want := b.String(), "gate      | one\ngate      | two\ngate      | three\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
