//go:build linux

package stress_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/admit"
)

// A server without a descriptor left keeps those who are in, wastes no time on the others, and lets them
// in again once it has some.
func TestDescriptorsRunOut(t *testing.T) {
	n, span := size(50, 200, 1000), size(300*time.Millisecond, time.Second, 10*time.Second)
	c := start(t, setup{})
	w := gather(t, c, n)
	stop := w.load(float64(n))
	defer stop()
	before := c.stats().Counts
	c.do(command{Do: "eat"})
	var waiting []net.Conn
	defer func() {
		for _, conn := range waiting {
			_ = conn.Close()
		}
	}()
	for begin := time.Now(); time.Since(begin) < span; pause(20 * time.Millisecond) {
		if conn, err := (way{no: 20_000 + len(waiting)}).open(c.addr); err == nil { // the kernel lets it in
			waiting = append(waiting, conn)
		}
	}
	after := c.stats().Counts
	c.do(command{Do: "relieve"})
	begin := time.Now()
	await(t, 20*time.Second, "clients come in again", func() bool { return knock(c.addr) })
	back := time.Since(begin)
	stop()
	w.quiet()
	w.expectNoHarm()
	errs := float64(after.AcceptErrors-before.AcceptErrors) / span.Seconds()
	if after.AcceptErrors == before.AcceptErrors || errs > 100 {
		t.Errorf("%.1f accept errors/s, want some and at most 100", errs)
	}
	if most := size(10*time.Second, 10*time.Second, 2*time.Second); back > most {
		t.Errorf("clients came in again after %v, want at most %v", back, most)
	}
	report(t, fmt.Sprintf("no descriptor left for %v, %d clients in, %d come", span, n, len(waiting)),
		fmt.Sprintf("%.1f accept errors/s, %d accepted and closed at once, back after %v; nobody who was in is disturbed",
			errs, after.Shed-before.Shed, rough(back)))
}

// rush is clients that come as fast as they can, say nothing, and stay if they are let in.
type rush struct {
	addr     string
	attempts atomic.Int64
	refused  atomic.Int64
	odd      atomic.Int64 // that could not even connect
	times    histogram    // until a refusal
	no       atomic.Int64

	mu   sync.Mutex
	held []net.Conn
}

// start has them come through that many doors at once, until stop is called.
func (r *rush) start(doors int) (stop func()) {
	quit := make(chan struct{})
	var all sync.WaitGroup
	for range doors {
		all.Go(func() {
			for open := true; open; {
				r.one()
				select {
				case <-quit:
					open = false
				default:
				}
			}
		})
	}
	return func() {
		close(quit)
		all.Wait()
	}
}

// patience is after what time somebody seems to be let in; settle makes sure.
const patience = 300 * time.Millisecond

func (r *rush) one() {
	r.attempts.Add(1)
	c, err := way{no: 20_000 + int(r.no.Add(1)%20_000)}.open(r.addr)
	if err != nil {
		r.odd.Add(1)
		return
	}
	begin := time.Now()
	_ = c.SetReadDeadline(begin.Add(patience))
	var b [1]byte
	if _, err = c.Read(b[:]); errors.Is(err, os.ErrDeadlineExceeded) {
		r.mu.Lock()
		r.held = append(r.held, c)
		r.mu.Unlock()
		return
	}
	r.times.add(time.Since(begin))
	r.refused.Add(1)
	_ = c.Close()
}

// settle finds those among the patient who have been refused after all.
func (r *rush) settle() {
	var in []net.Conn
	var b [1]byte
	for _, c := range r.held {
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(b[:]); errors.Is(err, os.ErrDeadlineExceeded) {
			in = append(in, c)
			continue
		}
		r.times.add(patience)
		r.refused.Add(1)
		_ = c.Close()
	}
	r.held = in
}

func (r *rush) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.held {
		_ = c.Close()
	}
}

// Who comes beyond a limit is told at once, counted, and disturbs nobody.
func TestConnectionFlood(t *testing.T) {
	n, span := size(20, 100, 1000), size(300*time.Millisecond, 500*time.Millisecond, 5*time.Second)
	const room = 50
	for name, set := range map[string]setup{
		"beyond MaxConns": {MaxConns: n + room},
		"beyond a rate":   {Rate: admit.Rate{PerSecond: 1, Burst: n + room}},
	} {
		t.Run(name, func(t *testing.T) {
			set.Pending, set.FirstByte = 16_384, 5*time.Minute
			c := start(t, set)
			w := gather(t, c, n)
			stop := w.load(float64(n) * 2)
			defer stop()
			r := &rush{addr: c.addr}
			t.Cleanup(r.leave)
			r.start(4 * room)() // they take the room there is
			p := w.answer.measure(size(1, 2, 5), span, func() func() { return r.start(16) })
			stop()
			w.quiet()
			w.expectNoHarm()
			r.settle()
			st := c.stats().Admit
			held := int64(len(r.held))
			if r.odd.Load() > 0 || r.attempts.Load() != r.refused.Load()+held {
				t.Errorf("%d came: %d were refused, %d let in, %d could not connect", r.attempts.Load(), r.refused.Load(), held, r.odd.Load())
			}
			if got := int64(st.MaxConns + st.Rate); got != r.refused.Load() || st.Refused() != st.MaxConns+st.Rate {
				t.Errorf("the server counted %d refused, want %d: %+v", got, r.refused.Load(), st)
			}
			if st.Open != n+int(held) || set.MaxConns > 0 && st.Open != set.MaxConns {
				t.Errorf("%d are in, want %d clients and %d of those who rushed", st.Open, n, held)
			}
			slowest := r.times.quantile(0.99)
			if most := size(2*time.Second, 2*time.Second, 100*time.Millisecond); slowest > most {
				t.Errorf("a refusal took %v (p99), want at most %v", slowest, most)
			}
			report(t, "flood of connects "+name,
				fmt.Sprintf("%.0f/s, refused after %v (p99), %d let in and %d refused, as counted; others' %s",
					float64(r.attempts.Load())/(span*time.Duration(len(p.bad))).Seconds(), rough(slowest), held, r.refused.Load(), p.describe()))
		})
	}
}
