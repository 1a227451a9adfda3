package supervisor

import (
	"bytes"
	"os"
	"strconv"
)

// unlimited is over what a control group of version 1 says when it has no limit.
const unlimited = 1 << 60

// groupLimit is the memory limit of the control group whose files the process sees as its own, as
// it is in a container: version 2 or 1.
func groupLimit() int64 {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n := readLimit(b); n > 0 {
			return n
		}
	}
	return 0
}

// readLimit is zero for "max", and for what is no limit.
func readLimit(b []byte) int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	if err != nil || n <= 0 || n >= unlimited {
		return 0
	}
	return n
}
