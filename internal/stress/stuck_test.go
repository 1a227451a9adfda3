//go:build linux

package stress_test

import (
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	beats    = 20  // pushes a second
	beatSize = 128 // bytes
	// bog is more than the kernel takes for a client that does not read, and less than its outbox.
	bog = 160 << 10
)

// stuck are clients that are sent much and read nothing.
type stuck struct {
	t     *testing.T
	conns []net.Conn
}

// bogDown brings n clients in who get stuck with that many bytes on their way, as
// members of the group that is pushed to.
func bogDown(t *testing.T, c *child, n, bytes int) *stuck {
	t.Helper()
	s := &stuck{t: t}
	t.Cleanup(s.leave)
	for i := range n {
		conn, err := way{no: 40_000 + i, small: true}.dial(c.addr)
		if err != nil {
			t.Fatalf("a client that was to be stuck: %v", err)
		}
		s.conns = append(s.conns, conn)
	}
	s.ask("game.join", nil)
	s.mud(bytes, 4<<10)
	return s
}

func (s *stuck) ask(route string, body []byte) {
	p := appendRequest(nil, 1, route, body)
	for _, c := range s.conns {
		_, _ = c.Write(p) // it may have been closed
	}
}

func (s *stuck) mud(bytes, each int) { s.ask("game.mud", fmt.Appendf(nil, "%d %d", bytes, each)) }

func (s *stuck) leave() {
	for _, c := range s.conns {
		_ = c.Close()
	}
}

func (s *stuck) addrs() (list []string) {
	for _, c := range s.conns {
		list = append(list, c.LocalAddr().String())
	}
	return list
}

// Clients that do not read what they are sent cost the others nothing.
func TestStuckClientsDelayNobody(t *testing.T) {
	for _, tt := range []struct {
		stuck int
		most  float64 // ratio of p99
	}{{1, 1.05}, {100, 1.10}} {
		t.Run(strconv.Itoa(tt.stuck), func(t *testing.T) {
			n, span := size(100, 400, 5000), size(200*time.Millisecond, 400*time.Millisecond, 3*time.Second)
			c := start(t, setup{})
			w := gather(t, c, n)
			w.join()
			c.do(command{Do: "push", Rate: beats, N: 1, Size: beatSize})
			pause(span) // the first ones are not typical
			hard := min(tt.stuck, n/4)
			p := w.beat.measure(size(1, 3, 9), span, func() func() {
				s := bogDown(t, c, hard, bog)
				pause(span / 4)
				return func() {
					s.leave()
					c.left(5*time.Second, n)
				}
			})
			sent := int64(c.do(command{Do: "hush"}).N)
			w.expectAll(sent)
			w.expectNoHarm()
			expectRatio(t, p, tt.most)
			report(t, fmt.Sprintf("%d stuck among %d clients that get %d pushes/s", hard, n, beats), p.describe())
		})
	}
}

// expectAll waits until every client has got every push.
func (w *crowd) expectAll(sent int64) {
	w.t.Helper()
	await(w.t, 10*time.Second, fmt.Sprintf("everybody has got %d pushes", sent), func() bool {
		all := true
		w.all(func(p *peer) { all = all && p.beats.Load() >= sent })
		return all
	})
	w.all(func(p *peer) {
		if got := p.beats.Load(); got != sent {
			w.t.Errorf("a client has got %d pushes, %d were sent", got, sent)
		}
	})
}

// patient is a server that does not close stuck clients before we are done with them.
func patient() (s setup) {
	s.Limits.OutboxAge = -1
	return s
}

// A stuck client costs its outbox and the kernel's buffer, and then it is closed.
func TestStuckClientsAreBoundedAndClosed(t *testing.T) {
	for _, each := range []int{beatSize, 1 << 10} {
		t.Run(strconv.Itoa(each), func(t *testing.T) {
			n := size(10, 50, 200)
			c := start(t, patient())
			w := gather(t, c, size(20, 100, 5000))
			m := &mire{before: c.settled(), stuck: bogDown(t, c, n, 96<<10)}
			m.fill(c, each)
			m.mud(512<<10, each)
			await(t, 10*time.Second, "all stuck clients are closed as slow", func() bool { return c.stats().Closed["slow"] == uint64(n) })
			c.left(5*time.Second, len(w.peers))
			w.expectNoHarm()
			if most := int64(size(1024, 1024, 320)) << 10; !racing && m.heap+m.kernel > most {
				t.Errorf("a stuck client costs %s of the heap and %s in the kernel, want at most %s together", kib(m.heap), kib(m.kernel), kib(most))
			}
			report(t, fmt.Sprintf("memory of a stuck client, the most of %d, sent %d bytes each time", n, each),
				fmt.Sprintf("%s together: %s of the heap (%s resident), %s in the kernel; all closed as slow",
					kib(m.heap+m.kernel), kib(m.heap), kib(m.rss), kib(m.kernel)))
		})
	}
}

// mire is what stuck clients cost, each, at their most.
type mire struct {
	*stuck
	before            *stats
	rss, heap, kernel int64
}

// fill sends a little more each time until the server closes the first of them.
func (m *mire) fill(c *child, each int) {
	n := int64(len(m.conns))
	for range 60 {
		pause(20 * time.Millisecond)
		st := c.settled()
		if st.Closed["slow"] > 0 {
			return
		}
		m.rss = max(m.rss, (st.RSS-m.before.RSS)/n)
		m.heap = max(m.heap, (st.Heap-m.before.Heap)/n)
		m.kernel = max(m.kernel, kernelMemory(m.t, c.addr, m.addrs()))
		m.mud(16<<10, each)
	}
}

// A client that is stuck is closed when the oldest of what waits for it is too old, however little it is.
func TestStuckClientsAreClosedByAge(t *testing.T) {
	age := size(300*time.Millisecond, 500*time.Millisecond, 5*time.Second)
	set := setup{}
	set.Limits.OutboxAge = age
	c := start(t, set)
	s := bogDown(t, c, 10, bog)
	begin := time.Now()
	await(t, 4*age+2*time.Second, "the stuck clients are closed", func() bool { return c.stats().Closed["slow"] == uint64(len(s.conns)) })
	if took := time.Since(begin); took < age/2 {
		t.Errorf("closed after %v, want %v", took, age)
	}
	report(t, fmt.Sprintf("stuck with an age limit of %v", age), fmt.Sprintf("closed as slow after %v", rough(time.Since(begin))))
}

// A kick need not wait for the client.
func TestKickOfAStuckClientIsImmediate(t *testing.T) {
	n := size(5, 30, 200)
	c := start(t, patient())
	w := gather(t, c, size(20, 100, 1000))
	s := bogDown(t, c, n, bog)
	pause(400 * time.Millisecond)
	a := c.do(command{Do: "kick", Addrs: s.addrs()})
	got := quantile(a.Closed, 0.99)
	if most := size(time.Second, 500*time.Millisecond, 50*time.Millisecond); got > most {
		t.Errorf("the descriptor of a kicked stuck client is closed after %v (p99), want at most %v", got, most)
	}
	c.left(5*time.Second, len(w.peers))
	w.expectNoHarm()
	report(t, fmt.Sprintf("kick of a stuck client (%d)", len(a.Closed)),
		fmt.Sprintf("descriptor closed after %v (p99), %v (median)", rough(got), rough(quantile(a.Closed, 0.5))))
}

var skmem = regexp.MustCompile(`skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+),o(\d+),bl(\d+)`)

// kernelMemory is what the kernel holds for each of these clients of the server at addr, on its
// side. It is 0 where there is no ss.
func kernelMemory(t *testing.T, addr string, clients []string) int64 {
	ss, err := exec.LookPath("ss")
	if err != nil {
		t.Log("the kernel's memory is not measured: there is no ss")
		return 0
	}
	b, err := exec.Command(ss, "-tmnHO", "src", addr).Output()
	if err != nil {
		t.Logf("the kernel's memory is not measured: ss: %v", err)
		return 0
	}
	lines := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 4 {
			lines[f[4]] = line
		}
	}
	var sum int64
	for _, client := range clients {
		held := skmem.FindStringSubmatch(lines[client])
		for _, digits := range held[min(1, len(held)):] {
			n, _ := strconv.ParseInt(digits, 10, 64)
			sum += n
		}
	}
	return sum / int64(len(clients))
}
