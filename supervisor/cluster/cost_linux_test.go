//go:build !race

package cluster_test

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	cost    = flag.Bool("cluster.cost", false, "measure what messages between nodes cost: for a machine that does nothing else")
	sockets = flag.Int("cluster.sockets", 0, "how many sockets there are over six gates; 0: none")
)

// hertz is how often a second the kernel counts a process's time.
const hertz = 100

// used is the CPU time of a process.
func (p *process) used() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / hertz
}

// resident is the memory of a process as the kernel counts it.
func (p *process) resident() (bytes int) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	pages, _ := strconv.Atoi(strings.Fields(string(statm))[1])
	return pages * os.Getpagesize()
}

func usedBy(all []*process) (sum time.Duration) {
	for _, p := range all {
		sum += p.used()
	}
	return sum
}

// request is a package with a request of number id.
func request(id byte, route, body string) string {
	m := string([]byte{0, id, byte(len(route))}) + route + body
	return string([]byte{4, 0, byte(len(m) >> 8), byte(len(m))}) + m
}

// TestCost prints what docs/benchmarks.md says of several nodes.
func TestCost(t *testing.T) {
	if !*cost {
		t.Skip("only with -cluster.cost")
	}
	t.Run("requests", costOfRequests)
	t.Run("fan-out", costOfFanOut)
}

// costOfRequests compares a request that a gate answers itself with one that a virtual actor on another node does.
func costOfRequests(t *testing.T) {
	const clients, rounds = 100, 5
	f := launch(t, 1, 1)
	var all []*raw
	for i := range clients {
		c, err := dialRaw(f.gates[0].conf.Clients)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, request(1, "door.in", fmt.Sprintf(`{"uid":"u%d"}`, i)))
		if err := c.next(); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, depth := range []int{1, 16} {
		var here, there []float64
		for range rounds {
			h, _ := volley(t, f, all, "door.echo", depth)
			w, late := volley(t, f, all, "arena.work", depth)
			here, there = append(here, h), append(there, w)
			t.Logf("depth %d: on the gate %.1f µs, on a backend %.1f µs of CPU, all processes; latency p50 %v, p99 %v",
				depth, h, w, late[len(late)/2], late[len(late)*99/100])
		}
		slices.Sort(here)
		slices.Sort(there)
		t.Logf("median, depth %d: %.1f and %.1f µs: %.1f µs more", depth, here[rounds/2], there[rounds/2], there[rounds/2]-here[rounds/2])
	}
}

// volley has all clients ask for two seconds. It returns the microseconds of CPU for each request, and how long they took.
func volley(t *testing.T, f *fleet, all []*raw, route string, depth int) (micros float64, late []time.Duration) {
	asked := strings.Repeat(request(1, route, `{"n":1}`), depth)
	var count atomic.Int64
	var mu sync.Mutex
	var tasks sync.WaitGroup
	before, end := usedBy(f.all()), time.Now().Add(2*time.Second)
	for _, c := range all {
		tasks.Go(func() {
			var mine []time.Duration
			for time.Now().Before(end) {
				begin := time.Now()
				_, _ = io.WriteString(c, asked)
				for range depth {
					if err := c.next(); err != nil {
						t.Error(err)
						return
					}
				}
				mine = append(mine, time.Since(begin))
				count.Add(int64(depth))
			}
			mu.Lock()
			late = append(late, mine...)
			mu.Unlock()
		})
	}
	tasks.Wait()
	slices.Sort(late)
	return float64((usedBy(f.all()) - before).Nanoseconds()) / 1000 / float64(count.Load()), late
}

// costOfFanOut pushes to everybody from a backend, over more and more gates.
func costOfFanOut(t *testing.T) {
	const pushes, times = 300, 10
	for _, gates := range []int{1, 2, 4, 6} {
		f := launch(t, gates, 1)
		c := f.gates[0].dial()
		if err := ask(c, "door.in", user{UID: "crier"}, nil); err != nil {
			t.Fatal(err)
		}
		spend := func() time.Duration {
			before := usedBy(f.all())
			for range times {
				if err := ask(c, "arena.shout", work{N: pushes}, nil); err != nil {
					t.Fatal(err)
				}
				<-time.After(100 * time.Millisecond) // all has arrived
			}
			return usedBy(f.all()) - before
		}
		idle := func() time.Duration {
			before := usedBy(f.all())
			<-time.After(time.Second)
			return usedBy(f.all()) - before
		}
		rest := idle()
		all := spend() - rest
		t.Logf("%d gates: %.1f µs of CPU for each push and gate, all processes", gates, float64(all.Microseconds())/pushes/times/float64(gates))
		f.end()
	}
}
