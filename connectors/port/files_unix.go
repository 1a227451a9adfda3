//go:build unix

package port

import "syscall"

// keptFree is how many file descriptors are left to everything that is no client.
const keptFree = 512

// room is how many clients the process has file descriptors for; zero means any
// number. Where there are few, half of them are left.
func room() int {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0
	}
	n := uint64(r.Cur)
	if n >= 1<<31-1 { // as good as no limit
		return 0
	}
	return int(n - min(keptFree, n/2))
}
