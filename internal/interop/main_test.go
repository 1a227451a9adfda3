package interop_test

import (
	"flag"
	"testing"

	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "32") // replays wait, they do not compute
	leak.Main(m)
}
