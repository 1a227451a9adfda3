package actors

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// fail reports a panic outside Receive to the socket's actor, which fails with it.
func (l *link) fail(p any) {
	l.root.Send(l.pid, &failure{reason: p})
}

// safely runs f; a panic of it is an error.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("actors: panic: %v", p)
		}
	}()
	return f()
}

// guarded runs what may panic because others wrote it.
func (l *link) guarded(f func()) {
	defer func() {
		if p := recover(); p != nil {
			l.broken(p)
		}
	}()
	f()
}

// offended counts a panic that a request of the client caused in a handler. It tells whether they
// are too many: others are to have the handlers' time.
func (l *link) offended() bool {
	if l.Panics.Most < 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	rare := l.rarely()
	rare.panics = l.Panics.count(rare.panics, l.now())
	return len(rare.panics) >= l.Panics.Most
}

// broken ends a link whose Conn has panicked.
func (l *link) broken(p any) {
	if l.fault(messages.FaultConn, scene{connector: l.name, session: l.session.Load().Id, what: p}) {
		l.log.Error("panic in a connector", "socket", l.pid.Id, "panic", fmt.Sprint(p))
	}
	l.end(connectors.Reason{Cause: messages.CauseFailed})
}

// trace is where a panic came from, for a deferred function of upTo: what called what, the
// innermost first, on one line.
func trace(upTo string) string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var b strings.Builder
	for more := true; more; {
		var f runtime.Frame
		if f, more = frames.Next(); strings.HasSuffix(f.Function, upTo) {
			break
		}
		if !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(&b, "%s (%s:%d) < ", f.Function, filepath.Base(f.File), f.Line)
		}
	}
	return strings.TrimSuffix(b.String(), " < ")
}
