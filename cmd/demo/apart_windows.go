package main

import "syscall"

// apart keeps a console's Ctrl-C from a process: it is for who started it.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
