package connectors_test

import (
	"runtime"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
)

// A request that waits keeps what was allocated with it: not what a read full of the smallest frames would need.
func TestAStepAllocatesLittleAtOnce(t *testing.T) {
	const frames = 1 << 16
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var s connectors.Step
	s.Expect(2 * frames)
	r := s.Request(nil)
	r.Body = s.Copy([]byte("x"))
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 32<<10 {
		t.Errorf("%d bytes for one request of a read of %d", n, frames)
	}
	for i := range 100 {
		s.Request(i).Body = s.Copy([]byte{byte(i)})
	}
	for i, in := range s.Requests[1:] {
		if in.Tag != i || string(in.Body) != string([]byte{byte(i)}) {
			t.Errorf("request %d is %v, %q", i, in.Tag, in.Body)
		}
	}
}
