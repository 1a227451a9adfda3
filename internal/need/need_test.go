package need_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/internal/need"
)

// witness is a test that remembers how it ended.
type witness struct {
	testing.TB
	said string
}

func (w *witness) Helper() {}

func (w *witness) Skip(args ...any) {
	w.said = "skip: " + fmt.Sprint(args...)
	panic(w)
}

func (w *witness) Fatalf(format string, args ...any) {
	w.said = "fatal: " + fmt.Sprintf(format, args...)
	panic(w)
}

// watch returns how f's test ended; nothing when it went on.
func watch(t *testing.T, f func(testing.TB)) string {
	w := &witness{TB: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(w) {
				panic(r)
			}
		}()
		f(w)
	}()
	return w.said
}

func TestWhatIsAbsent(t *testing.T) {
	program := func(name string) func(testing.TB) {
		return func(t testing.TB) { need.Program(t, name) }
	}
	packages := func(t testing.TB) { need.Packages(t, "testdata") }
	for name, c := range map[string]struct {
		require string
		f       func(testing.TB)
		want    string // the beginning
	}{
		"a program that is there goes on":           {"", program("go"), ""},
		"a required program that is there goes on":  {"go", program("go"), ""},
		"an absent program skips":                   {"", program("no-such"), "skip: no-such is not installed"},
		"an absent program that others require not": {"node,chromium", program("no-such"), "skip: no-such"},
		"an absent program that is required fails":  {"node,no-such", program("no-such"), "fatal: no-such is not installed"},
		"absent packages skip":                      {"chromium", packages, "skip: npm's packages are not installed"},
		"absent packages fail where node must be":   {"node", packages, "fatal: npm's packages are not installed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(need.Required, c.require)
			got := watch(t, c.f)
			if !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("the test ended with %q, want %q", got, c.want)
			}
		})
	}
}

func TestPackagesThatAreThere(t *testing.T) {
	folder := t.TempDir()
	want := filepath.Join(folder, "node_modules")
	if err := os.Mkdir(want, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := need.Packages(t, folder); got != want {
		t.Errorf("packages = %q, want %q", got, want)
	}
}
