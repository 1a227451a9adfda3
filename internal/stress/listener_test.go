//go:build linux

package stress_test

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// newcomers are clients that come in at a steady rate, and leave again.
type newcomers struct {
	times  histogram // until the handshake was done, from when they were to come
	came   atomic.Int64
	failed atomic.Int64
	why    atomic.Pointer[error]
}

// come has them come, until stop is called.
func (n *newcomers) come(addr string, rate float64) (stop func()) {
	quit := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		no := 0
		pace(rate, quit, func(due time.Time) {
			no++
			from := way{no: 20_000 + no%10_000}
			all.Go(func() { n.one(addr, from, due) })
		})
	})
	return sync.OnceFunc(func() { close(quit); all.Wait() })
}

func (n *newcomers) one(addr string, from way, due time.Time) {
	c, err := from.dial(addr)
	if err != nil {
		n.failed.Add(1)
		n.why.Store(&err)
		return
	}
	n.times.add(time.Since(due))
	n.came.Add(1)
	_ = c.Close()
}

// expect fails when one of them was not let in.
func (n *newcomers) expect(t *testing.T) {
	t.Helper()
	if f := n.failed.Load(); f > 0 {
		t.Errorf("%d of %d did not get in: %v", f, n.came.Load()+f, *n.why.Load())
	}
	if n.came.Load() == 0 {
		t.Error("nobody came")
	}
}

// The listening place outlives its listener: nobody who comes is refused.
func TestListenerIsKilledAgainAndAgain(t *testing.T) {
	c := start(t, setup{})
	w := gather(t, c, size(50, 200, 1000))
	stop := w.load(size(100.0, 200, 1000))
	defer stop()
	var n newcomers
	leave := n.come(c.addr, 200)
	defer leave()
	times := size(5, 50, 1000)
	for range times {
		await(t, 5*time.Second, "a listener to kill", func() bool { return c.do(command{Do: "kill", Kind: kinds["listener"]}).N == 1 })
		pause(20 * time.Millisecond)
	}
	leave()
	stop()
	w.quiet()
	n.expect(t)
	w.expectNoHarm()
	report(t, fmt.Sprintf("the listener's actor is killed %d times under 200 connects/s", times),
		fmt.Sprintf("%d came, 0 refused, p99 %v until the handshake was done; %d live clients untouched",
			n.came.Load(), rough(n.times.quantile(0.99)), len(w.peers)))
}

// A listening descriptor that breaks is opened again, and those who are in do not notice.
func TestListeningDescriptorIsLost(t *testing.T) {
	times := size(1, 3, 20)
	c := start(t, setup{})
	w := gather(t, c, size(50, 200, 1000))
	stop := w.load(size(100.0, 200, 1000))
	defer stop()
	var took []time.Duration
	for range times {
		c.do(command{Do: "deafen"})
		begin := time.Now()
		await(t, 10*time.Second, "clients come in again", func() bool { return knock(c.addr) })
		took = append(took, time.Since(begin))
		pause(size(0, 100*time.Millisecond, time.Second))
	}
	stop()
	w.quiet()
	w.expectNoHarm()
	if most := size(5*time.Second, 5*time.Second, time.Second); quantile(took, 1) > most {
		t.Errorf("clients came in again after %v, want at most %v", quantile(took, 1), most)
	}
	report(t, fmt.Sprintf("the listening descriptor breaks, %d times", times),
		fmt.Sprintf("clients come in again after %v at most; %d live clients untouched", rough(quantile(took, 1)), len(w.peers)))
}

// knock tells whether a client gets in.
func knock(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(500 * time.Millisecond))
	return shakeHands(c) == nil
}
