package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/fairlead-go/fairlead/supervisor/cluster"
)

// backends is how many processes of a fleet may have the lobby.
const backends = 2

// fleet is a gate and its backends, each a process of its own on the loopback.
type fleet struct {
	gate     *fleetNode
	backends []*fleetNode
	ended    chan *fleetNode
	screen   *stage
	patience time.Duration // what a process has to end, before it is killed
}

// runFleet is run for a fleet, with certificates made for the occasion.
func runFleet(ctx context.Context, opts options, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "fairlead-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := makeCerts(dir, "127.0.0.1", io.Discard); err != nil {
		return err
	}
	f := &fleet{screen: &stage{w: stdout}, ended: make(chan *fleetNode, backends+1), patience: opts.drain + 10*time.Second}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := f.start(ctx, dir, opts.given, stderr); err != nil {
		cancel()
		return errors.Join(err, f.stop())
	}
	err = f.watch(ctx)
	cancel() // from here on nobody wants to know where the lobby lives
	return errors.Join(err, f.stop())
}

// start starts all, and then says who is who: what they write comes after that.
func (f *fleet) start(ctx context.Context, dir string, given []string, stderr io.Writer) error {
	addresses, err := freeAddresses(backends + 1)
	if err != nil {
		return err
	}
	f.screen.mu.Lock()
	defer f.screen.mu.Unlock()
	gates, others := newCue(f.screen, ctx.Done())
	logs := &stage{w: stderr}
	var who strings.Builder
	who.WriteString("\nfairlead demo: three processes, one server\n\n")
	for i, address := range addresses {
		n := &fleetNode{name: "gate", role: cluster.Gate, screen: gates}
		if i > 0 {
			n = &fleetNode{name: fmt.Sprintf("backend %d", i), role: cluster.Backend, screen: others}
		}
		n.logs = &voice{name: n.name, to: logs}
		args := append([]string{
			"-leash", "-log=error", "-role=" + n.role, "-name=" + n.name, "-listen=" + address,
			"-join=" + strings.Join(addresses, ","), fmt.Sprintf("-expect=%d", (backends+1)/2+1), "-certs=" + dir,
		}, given...)
		if err := n.start(args, f.ended); err != nil {
			return err
		}
		if i == 0 {
			f.gate = n
		} else {
			f.backends = append(f.backends, n)
		}
		fmt.Fprintf(&who, "  %-10s process %-8d %s\n", n.name, n.cmd.Process.Pid, does[n.role])
	}
	who.WriteString("\nThe lobby is one actor. End the process that it lives in: the other backend has it.\n")
	_, err = io.WriteString(f.screen.w, who.String())
	return err
}

// does says what nodes are for.
var does = map[string]string{cluster.Gate: "clients come here", cluster.Backend: "the lobby may live here"}

// freeAddresses are of the loopback, all different.
func freeAddresses(n int) (all []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		all = append(all, l.Addr().String())
	}
	return all, nil
}

// watch waits for the end: ours, or that of the gate. Backends may go, that is what there is to see.
func (f *fleet) watch(ctx context.Context) error {
	for left := backends; ; {
		select {
		case <-ctx.Done():
			return nil
		case n := <-f.ended:
			if n == f.gate {
				return fmt.Errorf("the gate has ended: %s", n.end())
			}
			left--
			text := fmt.Sprintf("%s has ended: %s\n", n.name, n.end())
			if left == 0 {
				text += "nobody is left who could have the lobby: Ctrl-C, and start again\n"
			}
			_, _ = io.WriteString(f.screen, text)
		}
	}
}

// stop ends all that are still there: the gate first, so that its clients hear of it.
func (f *fleet) stop() error {
	var failed []error
	for _, group := range [][]*fleetNode{{f.gate}, f.backends} {
		deadline := time.After(f.patience)
		for _, n := range group {
			n.ask()
		}
		for _, n := range group {
			failed = append(failed, n.await(deadline))
		}
	}
	return errors.Join(failed...)
}
