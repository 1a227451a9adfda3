// Package need finds the programs that some tests speak to: node, a browser, MQTT clients, etcd. It
// is for tests only.
//
// A test whose program is absent is skipped and says so, except where the
// environment variable FAIRLEAD_REQUIRE lists it ("node,chromium"): there it
// fails. The interop step of .ci/run sets the list in CI, so that nothing is
// skipped unseen.
package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Required is the environment variable that lists what must be there.
const Required = "FAIRLEAD_REQUIRE"

// names are the other names a program goes by.
var names = map[string][]string{
	"chromium": {"chromium-browser", "google-chrome", "chrome"},
	"node":     {"nodejs"},
}

// Program returns the path of a program. Without it the test is skipped, or
// fails where the program is required.
func Program(t testing.TB, name string) string {
	t.Helper()
	for _, n := range append([]string{name}, names[name]...) {
		if path, err := exec.LookPath(n); err == nil {
			return path
		}
	}
	absent(t, name, name+" is not installed")
	return ""
}

// Packages makes sure that npm's packages of a folder are installed, and returns
// the folder that holds them. They are required wherever node is.
func Packages(t testing.TB, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "node_modules")
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	absent(t, "node", "npm's packages are not installed: run npm ci in "+folder)
	return ""
}

func absent(t testing.TB, name, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv(Required), ","), name) {
		t.Fatalf("%s, and %s=%s requires it", why, Required, os.Getenv(Required))
	}
	t.Skip(why)
}
