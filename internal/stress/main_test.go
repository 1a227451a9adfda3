//go:build linux

package stress_test

import (
	"flag"
	"os"
	"testing"

	"github.com/fairlead-go/fairlead/internal/leak"
)

var (
	long = flag.Bool("stress.long", false, "run every scenario with its full numbers")
	kill = flag.String("stress.kill", "", "kill only these `kinds` of actors, with commas between them, in the stampede")
	out  = flag.String("stress.out", "", "append what every scenario measures to this `file`, as rows of a Markdown table")
)

// setupEnv holds a setup for the process that is to be the server.
const setupEnv = "FAIRLEAD_STRESS_SERVER"

func TestMain(m *testing.M) {
	if s := os.Getenv(setupEnv); s != "" {
		os.Exit(serve(s))
	}
	flag.Parse()
	leak.Main(m)
}

// size is what fits the run: that of -short, of go test, and of -stress.long.
func size[T any](tiny, short, full T) T {
	switch {
	case *long:
		return full
	case testing.Short():
		return tiny
	}
	return short
}
