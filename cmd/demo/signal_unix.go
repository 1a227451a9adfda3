//go:build unix

package main

import "syscall"

// terminate asks a process to end in good order.
const terminate = syscall.SIGTERM
