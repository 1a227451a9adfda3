//go:build linux

package stress_test

import (
	"bytes"
	"fmt"
	"io"
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

// storm is clients that make handlers panic until they are thrown out, and come back.
type storm struct {
	addr    string
	asked   atomic.Int64
	visits  atomic.Int64
	refused atomic.Int64 // could not come in
	no      atomic.Int64
}

// offence is how many panics a client may cause.
const offence = 5

// blow has them cause that many panics a second, until stop is called.
func (s *storm) blow(rate float64) (stop func()) {
	b := []byte(hello + ack)
	for id := range uint32(offence) {
		b = appendRequest(b, id+1, "game.panic", nil)
	}
	quit := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		pace(rate/offence, quit, func(time.Time) { all.Go(func() { s.visit(b) }) })
	})
	return func() { close(quit); all.Wait() }
}

// visit is one client's stay.
func (s *storm) visit(b []byte) {
	c, err := way{no: 20_000 + int(s.no.Add(1)%20_000)}.open(s.addr)
	if err == nil {
		_ = c.SetDeadline(time.Now().Add(dialTime))
		_, err = c.Write(b)
	}
	if err != nil {
		s.refused.Add(1)
		return
	}
	defer c.Close()
	s.asked.Add(offence)
	s.visits.Add(1)
	_, _ = io.Copy(io.Discard, c) // until it is thrown out
}

// Panics of handlers cost who causes them, and nobody else.
func TestPanicStorm(t *testing.T) {
	n, rate := size(50, 200, 500), size(500.0, 1000, 10_000)
	span := size(200*time.Millisecond, 500*time.Millisecond, 6*time.Second)
	c := start(t, setup{})
	w := gather(t, c, n)
	stop := w.load(float64(n) * 2)
	defer stop()
	pause(span)
	lines, begin := c.lines.Load(), time.Now()
	s := &storm{addr: c.addr}
	p := w.answer.measure(size(1, 3, 5), span, func() func() { return s.blow(rate) })
	stop()
	w.quiet()
	lines = c.lines.Load() - lines
	w.expectNoHarm()
	if got := w.refused.Load() + s.refused.Load(); got > 0 {
		t.Errorf("%d requests of others, or visits, were refused", got)
	}
	expectRatio(t, p, 1.25)
	c.left(5*time.Second, n)
	thrown := c.stats().Closed["offending"]
	if most := int64(20*time.Since(begin).Seconds()) + 20; lines > most {
		t.Errorf("the server logged %d lines, want at most %d", lines, most)
	}
	if int64(thrown) != s.visits.Load() {
		t.Errorf("%d clients were thrown out, of %d", thrown, s.visits.Load())
	}
	blown := (span * time.Duration(len(p.bad))).Seconds()
	report(t, fmt.Sprintf("panic storm of %v, healthy clients", span*time.Duration(len(p.bad))),
		fmt.Sprintf("%.0f panics/s, %d offenders closed, %d lines logged; %s", float64(s.asked.Load())/blown, thrown, lines, p.describe()))
}
