package interop_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/internal/need"
	"github.com/fairlead-go/fairlead/supervisor"
)

// kit is the folder of the real browser client and its checks, with packages of
// npm that .ci/run installs.
const kit = "pomelo-client"

// TestPomeloClient runs Pomelo's own browser client against our server. Each
// line it prints is a subtest. What the server must have it has, so that a check
// that the client leaves out has failed.
func TestPomeloClient(t *testing.T) {
	t.Parallel()
	node := need.Program(t, "node")
	need.Packages(t, kit)
	host, port, err := net.SplitHostPort(serve(t, kitProfile))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "run.js", "--host", host, "--port", port,
		"--require-dict", "--require-proto", "--require-heartbeat")
	cmd.Dir = kit
	out, err := cmd.Output() // one failed check makes the exit code 1
	lines, plan := parseTAP(strings.NewReader(string(out)))
	for _, l := range lines {
		t.Run(l.name, l.report)
	}
	if plan == "" || len(lines) == 0 {
		t.Errorf("the client did not come to its end (%v):\n%s", err, out)
	}
}

// kitProfile is what the kit's README asks for: heartbeats, dictionary, schemas
// and the handshake hook.
func kitProfile(c *hybrid.Connector, cfg *supervisor.Config) {
	typed(c, cfg)
	c.Tick = 0 // the default
	cfg.Handshake = func(ctx context.Context, h *connectors.Hello) (any, error) {
		seen, err := userCallback(ctx, h)
		if m, ok := seen.(map[string]any); ok {
			delete(m, "seen")
		}
		return seen, err
	}
}

// tapLine is one check of the client.
type tapLine struct {
	name, skip string
	ok         bool
	detail     []string
}

func (l tapLine) report(t *testing.T) {
	switch {
	case l.skip != "":
		t.Errorf("left out: %s", l.skip)
	case !l.ok:
		t.Error(strings.Join(l.detail, "\n"))
	}
}

// parseTAP reads what a program in the Test Anything Protocol printed. The plan
// is its last line but one; without it the program did not finish.
func parseTAP(r io.Reader) (lines []tapLine, plan string) {
	s := bufio.NewScanner(r)
	for s.Scan() {
		text := s.Text()
		status, rest, _ := strings.Cut(text, " - ")
		name, skip, _ := strings.Cut(rest, " # SKIP ")
		switch {
		case strings.HasPrefix(status, "ok "):
			lines = append(lines, tapLine{name: name, skip: skip, ok: true})
		case strings.HasPrefix(status, "not ok "):
			lines = append(lines, tapLine{name: name})
		case strings.HasPrefix(text, "1.."):
			plan = text
		case strings.HasPrefix(text, "  # ") && len(lines) > 0:
			last := &lines[len(lines)-1]
			last.detail = append(last.detail, text[4:])
		}
	}
	return lines, plan
}

func TestTAPIsReadLineByLine(t *testing.T) {
	lines, plan := parseTAP(strings.NewReader("TAP version 13\n# ws://x\nok 1 - a: b\nnot ok 2 - c - d\n  # why\n  # so\nok 3 - e # SKIP no dictionary\n1..3\n1 passed, 1 failed\n"))
	if plan != "1..3" || len(lines) != 3 {
		t.Fatalf("plan %q, lines %+v", plan, lines)
	}
	if l := lines[0]; l.name != "a: b" || !l.ok || l.skip != "" {
		t.Errorf("a passed check is %+v", l)
	}
	if l := lines[1]; l.name != "c - d" || l.ok || strings.Join(l.detail, "|") != "why|so" {
		t.Errorf("a failed check is %+v", l)
	}
	if l := lines[2]; l.name != "e" || l.skip != "no dictionary" {
		t.Errorf("a skipped check is %+v", l)
	}
}
