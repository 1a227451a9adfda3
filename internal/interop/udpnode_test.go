package interop_test

import (
	"context"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/udp"
	"github.com/fairlead-go/fairlead/internal/need"
)

// TestDatagramClient runs a client of node's dgram that speaks with Pomelo's own codec. Each
// line it prints is a subtest.
func TestDatagramClient(t *testing.T) {
	t.Parallel()
	node := need.Program(t, "node")
	need.Packages(t, kit)
	host, port, err := net.SplitHostPort(serveUDP(t, func(c *udp.Connector) {
		c.Heartbeat, c.Tick = 3*time.Second, 50*time.Millisecond
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "udp.js", host, port)
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
