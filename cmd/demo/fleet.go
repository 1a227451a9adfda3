package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/supervisor/cluster"
)

// backends is how many processes of a fleet may have the lobby.
const backends = 2

// runFleet is run for a gate and two backends, each a process of its own on the loopback, with certificates made
// for the occasion.
func runFleet(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "fairlead-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := makeCerts(dir, "127.0.0.1"); err != nil {
		return err
	}
	nodes, err := fleetNodes(dir)
	if err != nil {
		return err
	}
	out := &together{w: stdout}
	errs := make(chan error, len(nodes))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for i := range nodes {
		n := &nodes[i]
		if err := n.start(ctx, args, out, &together{w: stderr}); err != nil {
			return errors.Join(err, end(nodes[:i], cancel))
		}
		_, _ = fmt.Fprintf(out, "  %-8s process %-7d for nodes at %s\n", n.role, n.cmd.Process.Pid, n.listen)
		go func() { errs <- n.wait() }()
	}
	_, _ = fmt.Fprintf(out, "  the log says who has the lobby; kill -9 that process, and another one has it\n")
	for range nodes { // backends may go: that is what there is to see
		if err = <-errs; err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintln(out, err)
		}
	}
	return nil
}

// end stops those that have been started.
func end(nodes []fleetNode, cancel func()) error {
	cancel()
	for i := range nodes {
		_ = nodes[i].wait()
	}
	return errors.New("the other processes have been stopped")
}

// fleetNode is one of the processes.
type fleetNode struct {
	role, listen, join, certs string
	cmd                       *exec.Cmd
}

func fleetNodes(dir string) (nodes []fleetNode, err error) {
	var join []string
	for range backends + 1 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all are different
		join = append(join, l.Addr().String())
	}
	for i, listen := range join {
		role := cluster.Backend
		if i == 0 {
			role = cluster.Gate
		}
		nodes = append(nodes, fleetNode{role: role, listen: listen, join: strings.Join(join, ","), certs: dir})
	}
	return nodes, nil
}

// drainTime is what processes have before they are killed.
const drainTime = 10 * time.Second

// start runs our own program as the node. When ctx ends it is asked to drain.
func (n *fleetNode) start(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	n.cmd = exec.CommandContext(ctx, self, append([]string{
		"-role", n.role, "-listen", n.listen, "-join", n.join, "-expect", fmt.Sprint(backends), "-certs", n.certs,
	}, args...)...)
	n.cmd.Stdout, n.cmd.Stderr = stdout, stderr
	n.cmd.Cancel = func() error { return n.cmd.Process.Signal(terminate) }
	n.cmd.WaitDelay = drainTime
	return n.cmd.Start()
}

func (n *fleetNode) wait() error {
	if err := n.cmd.Wait(); err != nil {
		return fmt.Errorf("%s at %s: %w", n.role, n.listen, err)
	}
	return nil
}

// together keeps what several processes write apart, write by write.
type together struct {
	mu sync.Mutex
	w  io.Writer
}

func (t *together) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Write(b)
}
