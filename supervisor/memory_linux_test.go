package supervisor

import (
	"runtime/debug"
	"testing"
)

func TestWhatAControlGroupSaysOfMemory(t *testing.T) {
	for says, want := range map[string]int64{
		"536870912\n":           512 << 20,
		"max\n":                 0, // version 2, no limit
		"9223372036854771712\n": 0, // version 1, no limit
		"":                      0,
		"-1":                    0,
		"512M":                  0,
	} {
		if got := readLimit([]byte(says)); got != want {
			t.Errorf("%q is %d, want %d", says, got, want)
		}
	}
}

// GOMEMLIMIT goes before what the control group is given.
func TestGoMemLimitIsTheLimit(t *testing.T) {
	const limit = 1 << 40
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(limit))
	if got := memoryLimit(); got != limit {
		t.Errorf("limit = %d, want %d", got, limit)
	}
}
