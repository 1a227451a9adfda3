//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// shell is the command.
func shell(command string) *exec.Cmd { return exec.Command("cmd", "/C", command) }

// terminate makes p end; asking is a thing of signals.
func terminate(p *os.Process, _ bool) { _ = p.Kill() }
