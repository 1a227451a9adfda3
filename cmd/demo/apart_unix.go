//go:build unix

package main

import "syscall"

// apart keeps a terminal's Ctrl-C from a process: it is for who started it.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
