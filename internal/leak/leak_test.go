package leak

import (
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

func TestGoroutinesThatStayFailTheRun(t *testing.T) {
	stop := make(chan struct{})
	var out strings.Builder
	code := run(func() int {
		go func() { <-stop }()
		return 0
	}, 0, &out)
	close(stop)
	if code != 1 {
		t.Errorf("exit code = %d, want 1", code)
	}
	if !strings.Contains(out.String(), "TestGoroutinesThatStayFailTheRun") {
		t.Errorf("the output does not name who started the goroutine: %q", out.String())
	}
}

func TestGoroutinesThatEndInTimeDoNot(t *testing.T) {
	var out strings.Builder
	code := run(func() int {
		go func() { <-time.After(700 * time.Millisecond) }()
		return 0
	}, grace, &out)
	if code != 0 || out.Len() > 0 {
		t.Errorf("exit code = %d, output = %q, want 0 and nothing", code, out.String())
	}
}

func TestFailedTestsKeepTheirCode(t *testing.T) {
	stop := make(chan struct{})
	var out strings.Builder
	code := run(func() int {
		go func() { <-stop }()
		return 2
	}, 0, &out)
	close(stop)
	if code != 2 || out.Len() > 0 {
		t.Errorf("exit code = %d, output = %q, want 2 and nothing", code, out.String())
	}
}

func TestSinceOnlyNewGoroutinesCount(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	go func() { <-stop }()
	check := Since()
	if err := check(0); err != nil {
		t.Errorf("what was there before counts: %v", err)
	}
	go func() { <-stop }()
	if check(0) == nil {
		t.Error("what came after does not count")
	}
}
