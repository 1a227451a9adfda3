package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// fleetNode is one process of a fleet.
type fleetNode struct {
	name, role   string
	screen, logs io.Writer
	cmd          *exec.Cmd
	leash        io.WriteCloser
	asked        bool // to end
	done         chan struct{}
	err          error // of the process; read after done
}

// start runs our own program as the node.
func (n *fleetNode) start(args []string, ended chan<- *fleetNode) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	n.cmd = exec.Command(self, args...)
	n.cmd.Stdout, n.cmd.Stderr = n.screen, n.logs
	n.cmd.SysProcAttr = apart()
	n.cmd.WaitDelay = time.Second
	if n.leash, err = n.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := n.cmd.Start(); err != nil {
		return fmt.Errorf("start the %s: %w", n.name, err)
	}
	n.done = make(chan struct{})
	go func() {
		n.err = n.cmd.Wait()
		close(n.done)
		ended <- n
	}()
	return nil
}

// end says how the process ended.
func (n *fleetNode) end() string {
	if n.err != nil {
		return n.err.Error()
	}
	return "exit status 0"
}

// ask tells the process to end in good order, unless it has ended by itself.
func (n *fleetNode) ask() {
	if n == nil {
		return
	}
	select {
	case <-n.done:
	default:
		n.asked = true
		_, _ = n.leash.Write([]byte("\n")) // it may end this very moment
	}
}

// await waits for the end of a process that was asked to, and kills it when time is up. How others ended has been said.
func (n *fleetNode) await(deadline <-chan time.Time) error {
	if n == nil {
		return nil
	}
	select {
	case <-n.done:
	case <-deadline:
		_ = n.cmd.Process.Kill()
		<-n.done
	}
	if n.asked && n.err != nil {
		return fmt.Errorf("the %s: %w", n.name, n.err)
	}
	return nil
}
