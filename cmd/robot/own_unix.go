//go:build unix

package main

import (
	"syscall"
	"time"
)

// ownTime is the CPU time that the robot itself has used.
func ownTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
