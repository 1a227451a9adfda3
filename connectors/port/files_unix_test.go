//go:build unix

package port_test

import (
	"net"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/connectors/admit"
	"github.com/fairlead-go/fairlead/connectors/port"
)

// These clients take no file descriptors, so that the limit is all there is of them.
func TestFileDescriptorsAreLeftToOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		files    uint64
		max, let int
	}{
		"all but 512":            {1100, 0, 588},
		"half, where few":        {200, 0, 100},
		"not beyond":             {200, 1000, 100},
		"fewer, if one will":     {200, 7, 7},
		"all, if one must":       {200, -1, 150},
		"512 of 1,024: the same": {1024, 0, 512},
	} {
		t.Run(name, func(t *testing.T) {
			limitFiles(t, tt.files)
			p := &port.Port{Admit: admit.Limits{MaxConns: tt.max}}
			inTown(t, p, func(t *testing.T, l *town, _ chan net.Conn) {
				n := max(tt.let, 150)
				for range n + 1 {
					c := l.dial(t, "192.0.2.1:1", "")
					defer c.Close()
				}
				synctest.Wait()
				if tt.max < 0 {
					tt.let = n + 1
				}
				if got := p.Stats(); got.Open != tt.let || got.MaxConns != uint64(n+1-tt.let) {
					t.Errorf("stats = %+v, want %d in", got, tt.let)
				}
			})
		})
	}
}

func limitFiles(t *testing.T, n uint64) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	setCur(&limit.Cur, n)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old) })
}

// setCur sets what systems have as signed or unsigned.
func setCur[T int64 | uint64](cur *T, n uint64) { *cur = T(n) }
