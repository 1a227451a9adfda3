//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// shell is the command, in a process group of its own so that all of it can be
// ended, and with as many open files as may be.
func shell(command string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", "-c", "ulimit -n \"$(ulimit -Hn)\"; exec "+command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// terminate asks the group of p to end, or makes it.
func terminate(p *os.Process, now bool) {
	sig := syscall.SIGTERM
	if now {
		sig = syscall.SIGKILL
	}
	_ = syscall.Kill(-p.Pid, sig) // one that has ended needs no more
}
