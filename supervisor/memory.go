package supervisor

import (
	"math"
	"runtime/debug"
)

// memoryLimit is what the process should not use more of, in bytes: GOMEMLIMIT if it is set, else
// what its control group is given. Zero: nobody says.
func memoryLimit() int64 {
	if n := debug.SetMemoryLimit(-1); n < math.MaxInt64 {
		return n
	}
	return groupLimit()
}
