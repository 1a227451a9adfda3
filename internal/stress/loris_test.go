//go:build linux

package stress_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// trick is a way to keep a server waiting.
type trick struct {
	name   string
	enter  bool   // only after a good handshake
	first  string // sent at once
	drip   string // and then a byte of this at a time, over and over
	within time.Duration
}

// loris is clients that trickle: what they say is never whole.
type loris struct {
	addr   string
	drip   time.Duration
	alive  atomic.Int64
	failed atomic.Int64 // that could not even connect
	all    sync.WaitGroup

	mu   sync.Mutex
	late map[string]time.Duration // the most that one of each kind outlived its deadline
	ends map[string]int
}

// attack sends n of them.
func (l *loris) attack(n int, tricks []trick) {
	for k := range 16 {
		l.all.Go(func() {
			for i := k; i < n; i += 16 {
				l.enter(way{no: 20_000 + i}, tricks[i%len(tricks)])
			}
		})
	}
}

func (l *loris) enter(from way, tr trick) {
	begin := time.Now()
	open := from.open
	if tr.enter {
		open = from.dial
	}
	c, err := open(l.addr)
	if err != nil {
		l.failed.Add(1)
		return
	}
	if tr.enter {
		begin = time.Now()
	}
	l.alive.Add(1)
	l.all.Go(func() {
		l.trickle(c, tr, begin.Add(tr.within+time.Minute))
		l.alive.Add(-1)
		l.ended(tr, time.Since(begin)-tr.within)
	})
}

// trickle is the life of one of them, until the server ends it.
func (l *loris) trickle(c net.Conn, tr trick, end time.Time) {
	defer c.Close()
	_, _ = c.Write([]byte(tr.first))
	var buf [512]byte
	for i := 0; time.Now().Before(end); i++ {
		_ = c.SetReadDeadline(time.Now().Add(l.drip))
		_, err := c.Read(buf[:])
		for err == nil { // an answer is no end
			_, err = c.Read(buf[:])
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if tr.drip != "" {
			_, _ = c.Write([]byte{tr.drip[i%len(tr.drip)]})
		}
	}
}

func (l *loris) ended(tr trick, late time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late[tr.name] = max(l.late[tr.name], late)
	l.ends[tr.name]++
}

// Who trickles is gone when its time is up, costs next to nothing, and delays nobody.
func TestSlowloris(t *testing.T) {
	first, head, whole := size(400*time.Millisecond, 500*time.Millisecond, 0), size(500*time.Millisecond, 700*time.Millisecond, 0), size(600*time.Millisecond, time.Second, 0)
	c := start(t, setup{Pending: 16_384, FirstByte: first, Head: head, HandshakeTime: head, PackageTime: whole})
	if *long { // the server's own defaults
		first, head, whole = 3*time.Second, 5*time.Second, 10*time.Second
	}
	tricks := []trick{
		{name: "silent", within: first},
		{name: "head", first: "G", drip: "ET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 1000), within: first + head},
		{name: "body", enter: true, first: "\x04\x00\xff\xff", drip: "x", within: whole},
		{name: "silent", within: first},
		{name: "hello", first: "\x01", drip: "\x00\x00\xff" + strings.Repeat(" ", 1000), within: head},
		{name: "body", enter: true, first: "\x04\x00\xff\xff", drip: "x", within: whole},
	}
	healthy, n := size(30, 100, 500), size(60, 300, 5000)
	w := gather(t, c, healthy)
	stop := w.load(float64(healthy) * 2)
	defer stop()
	l := &loris{addr: c.addr, drip: size(100*time.Millisecond, 100*time.Millisecond, time.Second), late: map[string]time.Duration{}, ends: map[string]int{}}
	t.Cleanup(l.all.Wait)
	each := l.weigh(c, n, tricks)
	span := size(400*time.Millisecond, 500*time.Millisecond, 5*time.Second)
	p := w.answer.measure(size(1, 2, 5), span, func() func() {
		l.attack(n, tricks)
		return l.all.Wait
	})
	stop()
	w.quiet()
	w.expectNoHarm()
	c.left(5*time.Second, healthy)
	slack := size(5*time.Second, 5*time.Second, time.Second)
	for name, late := range l.late {
		if late > slack {
			t.Errorf("one of kind %q was there %v after its deadline, want at most %v", name, late, slack)
		}
	}
	if l.failed.Load() > 0 {
		t.Errorf("%d could not connect", l.failed.Load())
	}
	if most := size[int64](64, 32, 8) << 10; !racing && each > most {
		t.Errorf("one costs %s, want at most %s", kib(each), kib(most))
	}
	expectRatio(t, p, 1.2)
	report(t, fmt.Sprintf("slowloris of %d (silent; head or hello, or a body of 64 KiB, by the byte)", n),
		fmt.Sprintf("none was there later than %v after its deadline; %s each; others' %s", rough(l.latest()), kib(each), p.describe()))
}

// weigh is what one of them costs the server, in resident memory after a garbage collection.
func (l *loris) weigh(c *child, n int, tricks []trick) int64 {
	before := c.settled()
	l.attack(n, tricks)
	var most, each int64
	for begin := time.Now(); time.Since(begin) < tricks[0].within; pause(20 * time.Millisecond) {
		alive := l.alive.Load()
		if alive > most {
			most, each = alive, (c.settled().RSS-before.RSS)/alive
		}
	}
	l.all.Wait()
	return each
}

func (l *loris) latest() time.Duration {
	var list []time.Duration
	for _, d := range l.late {
		list = append(list, d)
	}
	return slices.Max(list)
}
