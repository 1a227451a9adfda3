package line_test

import (
	"testing"

	"github.com/fairlead-go/fairlead/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
