package connectortest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// recorder is a testing.TB that keeps what a check says, instead of failing for it.
type recorder struct {
	testing.TB
	mu      sync.Mutex
	said    []string
	skipped string
	after   []func()
}

// record runs a check, and what it leaves for its end.
func record(t testing.TB, check func(testing.TB)) *recorder {
	r := &recorder{TB: t}
	r.apart(func() { check(r) })
	for len(r.after) > 0 {
		last := r.after[len(r.after)-1]
		r.after = r.after[:len(r.after)-1]
		r.apart(last)
	}
	return r
}

// apart runs f where it can end by FailNow.
func (r *recorder) apart(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) FailNow() { runtime.Goexit() }

func (r *recorder) Skip(args ...any) {
	r.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

func (r *recorder) Cleanup(f func()) { r.after = append(r.after, f) }

// says tells whether a failure holds these words.
func (r *recorder) says(words string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.said {
		if strings.Contains(s, words) {
			return true
		}
	}
	return false
}
