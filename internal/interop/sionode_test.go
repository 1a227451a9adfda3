package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/internal/need"
	"github.com/fairlead-go/fairlead/supervisor"
)

// sioKit is the folder of the real socket.io clients and their checks, with
// packages of npm that .ci/run installs.
const sioKit = "socketio"

// TestSocketIOClients runs socket.io-client 4.8, 3.1, 2.5 and 1.7 against our
// server, over WebSocket, over polling, and from the one to the other. Pomelo's
// clients come to the same port.
func TestSocketIOClients(t *testing.T) {
	t.Parallel()
	node := need.Program(t, "node")
	need.Packages(t, sioKit)
	shared := &port.Port{Addr: "127.0.0.1:0"}
	addr := serveSIO(t, func(c *sio.Connector, cfg *supervisor.Config) {
		kitOptions(c, cfg)
		c.Addr, c.Port = "", shared
		cfg.Connectors = append(cfg.Connectors, &hybrid.Connector{Port: shared})
	})
	checklist{sioKit, "267 passed, 0 failed"}.run(t, node, "--no-deprecation", "interop.mjs", "--url", "http://"+addr)
	for _, ws := range []bool{false, true} {
		if err := join(t, addr, ws).echo(1); err != nil {
			t.Errorf("a Pomelo client beside them, WebSocket %v: %v", ws, err)
		}
	}
}

// TestSocketIOInABrowser runs the bundles of the same clients in a browser, in a
// page of another origin.
func TestSocketIOInABrowser(t *testing.T) {
	t.Parallel()
	node := need.Program(t, "node")
	chromium := need.Program(t, "chromium")
	need.Packages(t, sioKit)
	addr := serveSIO(t, kitOptions)
	checklist{sioKit, "60 passed, 0 failed"}.run(t, node, "browser.mjs", "--url", "http://"+addr, "--chromium", chromium, "--timeout", "150")
}

// kitOptions are what the kit's README asks for.
func kitOptions(c *sio.Connector, _ *supervisor.Config) {
	c.PingInterval, c.PingTimeout = time.Second, 2*time.Second
	c.Tick = 0 // the default
}

// checklist is a folder of real clients, and how many of their checks must pass.
type checklist struct{ folder, want string }

// run runs a program of the kit. Each line it prints is a subtest, and the last
// must be the count that is wanted, so that no check is left out unseen.
func (k checklist) run(t *testing.T, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = k.folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output() // one failed check makes the exit code 1
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, l := range lines[:len(lines)-1] {
		status, rest, _ := strings.Cut(l, " ")
		name, why, _ := strings.Cut(rest, "]: ") // why not, if it has not
		t.Run(strings.TrimSuffix(name, "]"), func(t *testing.T) {
			if status != "PASS" {
				t.Errorf("%s %s", status, why)
			}
		})
	}
	if last := lines[len(lines)-1]; last != k.want {
		t.Errorf("the kit says %q, want %q (%v)\n%s", last, k.want, err, &stderr)
	}
}

// TestTheRecordedSocketIOClient plays the recorded session of the real client,
// socket.io-client 1.7, through that client.
func TestTheRecordedSocketIOClient(t *testing.T) {
	t.Parallel()
	node := need.Program(t, "node")
	need.Packages(t, sioKit)
	all := readSIO(t)
	tr := all[slices.IndexFunc(all, func(tr sioTranscript) bool { return tr.Name == realClient })]
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "transcript.mjs", "--url", "http://"+serveSIO(t, sioProfiles[tr.Profile]))
	cmd.Dir = sioKit
	send, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	seen, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(seen)
	for i, s := range tr.Steps {
		if s.SendMessage != "" {
			_ = json.NewEncoder(send).Encode(s.SendMessage) // what is not sent is not answered
		}
		var got sioStep
		if err := lines.Decode(&got); err != nil {
			t.Errorf("step %d: %v", i+1, err)
			cancel()
			break
		}
		if got.Event != s.Event || got.Reason != s.Reason || s.RecvMessage != "" && !sameJSON([]byte(got.RecvMessage), []byte(s.RecvMessage)) {
			t.Errorf("step %d: the client sees %+v, want %+v", i+1, got, s)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the client: %v", err)
	}
}
