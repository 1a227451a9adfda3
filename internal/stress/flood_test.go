//go:build linux

package stress_test

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// volley is how many requests a flooding client sends at once: as many as may be in flight.
const volley = 32

// flood is clients that ask a slow route for more than it can do.
type flood struct {
	conns   []net.Conn
	busy    atomic.Int64 // answered so
	done    atomic.Int64 // answered after all
	offered atomic.Int64
	all     sync.WaitGroup
	quit    chan struct{}
}

// burstIn brings n clients in that send rate requests a second in all.
func burstIn(t *testing.T, c *child, n int) *flood {
	t.Helper()
	f := &flood{quit: make(chan struct{})}
	t.Cleanup(f.end)
	for i := range n {
		conn, err := way{no: 30_000 + i}.dial(c.addr)
		if err != nil {
			t.Fatal(err)
		}
		f.conns = append(f.conns, conn)
		f.all.Go(func() { f.listen(conn) })
	}
	return f
}

// pour starts the flood.
func (f *flood) pour(rate float64) {
	var b []byte
	for id := range uint32(volley) {
		b = appendRequest(b, id+1, "slow.work", []byte(`"now"`))
	}
	for _, conn := range f.conns {
		f.all.Go(func() {
			pace(rate/volley/float64(len(f.conns)), f.quit, func(time.Time) {
				if _, err := conn.Write(b); err == nil {
					f.offered.Add(volley)
				}
			})
		})
	}
}

// listen counts what comes back.
func (f *flood) listen(conn net.Conn) {
	defer conn.Close()
	buf, n := make([]byte, 16<<10), 0
	for {
		got, err := conn.Read(buf[n:])
		b := buf[:n+got]
		for len(b) >= pomelo.HeaderLen && len(b) >= pomelo.HeaderLen+bodyLen(b) {
			body := b[pomelo.HeaderLen : pomelo.HeaderLen+bodyLen(b)]
			switch {
			case bytes.Contains(body, []byte("503")):
				f.busy.Add(1)
			case bytes.Contains(body, []byte("now")):
				f.done.Add(1)
			}
			b = b[len(body)+pomelo.HeaderLen:]
		}
		if n = copy(buf, b); err != nil {
			return
		}
	}
}

func (f *flood) end() {
	select {
	case <-f.quit:
	default:
		close(f.quit)
	}
	for _, c := range f.conns {
		_ = c.Close()
	}
	f.all.Wait()
}

// A route that is flooded keeps its queue short, and its clients can be kicked.
func TestRouteIsFlooded(t *testing.T) {
	bound, rate, span := 1024, size(10_000.0, 20_000, 120_000), size(500*time.Millisecond, 2*time.Second, 30*time.Second)
	set := setup{}
	set.Limits.RouteQueue = bound
	set.Limits.InFlight, set.Limits.InFlightBytes = 4*bound, 1<<20 // nobody waits for anything else
	c := start(t, set)
	w := gather(t, c, size(20, 100, 500))
	stop := w.load(size(100.0, 200, 1000))
	defer stop()
	f := burstIn(t, c, size(100, 150, 300))
	calm := w.answer.over(span / 4)
	before := c.settled()
	f.pour(rate)
	begin := time.Now()
	var most int64
	bad := make(chan *window)
	go func() { bad <- w.answer.over(span) }()
	for time.Since(begin) < span/2 {
		most = max(most, c.stats().RSS-before.RSS)
		pause(50 * time.Millisecond)
	}
	per := float64(f.offered.Load()) / time.Since(begin).Seconds()
	kicks := c.do(command{Do: "kick", Addrs: f.addrs(len(f.conns) / 3)})
	hurt := <-bad
	most = max(most, c.stats().RSS-before.RSS)
	f.end()
	stop()
	w.quiet()
	st := c.stats()
	w.expectNoHarm()

	// A request is seen a moment before it waits; what is handled in between is counted too.
	if limit := int64(bound + bound/4); st.SlowDeepest > limit {
		t.Errorf("%d requests waited for the route, want at most %d", st.SlowDeepest, limit)
	}
	if !racing && most >= 64<<20 {
		t.Errorf("the server grew by %s, want less than 64 MiB", kib(most))
	}
	if f.busy.Load() == 0 {
		t.Error("nobody was told that the route is busy")
	}
	slowest := quantile(kicks.Took, 0.99)
	if limit := size(2*time.Second, 2*time.Second, 100*time.Millisecond); slowest > limit {
		t.Errorf("a kick took %v (p99), want at most %v", slowest, limit)
	}
	if *long && per < 100_000 {
		t.Errorf("%.0f requests/s were offered, want 100,000", per)
	}
	report(t, fmt.Sprintf("a route of %v flooded by %d clients, with room for %d requests", work, len(f.conns), bound),
		fmt.Sprintf("%.0f requests/s offered, %d answered busy, %d done, at most %d waited; memory grew by %s at most; kicks took %v (p99 of %d); others' p99 %v calm, %v then",
			per, f.busy.Load(), f.done.Load(), st.SlowDeepest, kib(most), rough(slowest), len(kicks.Took),
			rough(calm.quantile(0.99)), rough(hurt.quantile(0.99))))
}

func (f *flood) addrs(n int) (list []string) {
	for _, c := range f.conns[:n] {
		list = append(list, c.LocalAddr().String())
	}
	return list
}
