//go:build linux

package stress_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// every10ms is how fast a stampede kills, a second.
const every10ms = 100

// herd says whom a stampede kills.
type herd struct {
	rate float64 // a second
	span time.Duration
	next func(i int) (kind string)
}

// stampede kills actors while clients work, and returns how many were killed.
func (w *crowd) stampede(c *child, h herd) (killed int) {
	w.again.Store(true)
	stop := w.load(size(200.0, 1000, 5000))
	defer stop()
	quit := make(chan struct{})
	end, i := time.Now().Add(h.span), 0
	pace(h.rate, quit, func(time.Time) {
		killed += c.do(command{Do: "kill", Kind: kinds[h.next(i)]}).N
		if i++; time.Now().After(end) {
			close(quit)
		}
	})
	return killed
}

func anySocket(int) string { return "socket" }

// anyKind is which kind to kill as number i: the kinds that all clients are below, or many, are
// killed less often, or nobody would be in.
func anyKind(i int) string {
	if *kill != "" {
		list := strings.Split(*kill, ",")
		return list[i%len(list)]
	}
	switch many := size(20, 100, 1000); {
	case i%many == many/2:
		return "connector"
	case i%(many/10) == 1:
		return "shard"
	}
	return []string{"socket", "listener", "batcher", "route"}[i%4]
}

// calmDown waits until as many are in as there are clients, and nothing is unanswered.
func (w *crowd) calmDown(c *child) {
	w.t.Helper()
	var st *stats
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end) && w.stranded.Load() == 0; pause(20 * time.Millisecond) {
		st = c.stats()
		in := st.Connections == len(w.peers) && st.Ready == len(w.peers)
		if in && st.Ends == st.Accepted-uint64(len(w.peers)) { // the last has been told of
			w.quiet()
			return
		}
	}
	if st != nil {
		w.t.Errorf("of %d clients, %d are ready, and %d connections are there; %d were accepted, %d told of as closed",
			len(w.peers), st.Ready, st.Connections, st.Accepted, st.Ends)
	}
}

// expectExact fails unless those were lost whose sockets ended because somebody killed
// them, or what they are below, and nobody else.
func (w *crowd) expectExact(st *stats) {
	w.t.Helper()
	lost, cut := int(w.lost.Load()), int(w.cut.Load())
	if lost > st.Killed || lost+cut < st.Killed || st.Puzzling > 0 || int(st.Ends) != st.Killed {
		w.t.Errorf("%d clients were lost, and %d connections before the handshake was done; %d sockets ended because they were killed, of %d; %d closed for no reason",
			lost, cut, st.Killed, st.Ends, st.Puzzling)
	}
	w.expectSense()
	if slow := w.connects.quantile(0.99); slow > size(5*time.Second, 5*time.Second, time.Second) {
		w.t.Errorf("to come back took %v (p99)", slow)
	}
}

// Who kills a socket's actor disconnects one client, and hurts nobody else.
func TestStampedeOfSockets(t *testing.T) {
	n, span := size(50, 300, 5000), size(500*time.Millisecond, 3*time.Second, time.Minute)
	c := start(t, setup{})
	w := gather(t, c, n)
	killed := w.stampede(c, herd{every10ms, span, anySocket})
	w.calmDown(c)
	st := c.stats()
	w.expectExact(st)
	if lost := int(w.lost.Load() + w.cut.Load()); st.Killed != killed || lost != killed {
		t.Errorf("%d sockets were killed, %d ended, %d clients were lost", killed, st.Killed, lost)
	}
	if n := w.refused.Load(); n > 0 {
		t.Errorf("%d requests were not answered but refused", n)
	}
	report(t, fmt.Sprintf("stampede: every 10 ms a socket of %d is killed, for %v", n, span),
		fmt.Sprintf("%d killed, %d clients lost, coming back took %v (p99), 0 requests unanswered",
			killed, w.lost.Load(), rough(w.connects.quantile(0.99))))
}

// Who is killed while it comes in leaves no trace either.
func TestStampedeOnTheThreshold(t *testing.T) {
	span := size(500*time.Millisecond, 2*time.Second, 20*time.Second)
	c := start(t, setup{})
	w := gather(t, c, 8)
	killed := w.stampede(c, herd{1500, span, anySocket})
	w.calmDown(c)
	w.expectExact(c.stats())
	report(t, fmt.Sprintf("stampede: sockets of 8 clients are killed as fast as they come back, for %v", span),
		fmt.Sprintf("%d killed, %d of them in their handshake; no trace of them is left", killed, w.cut.Load()))
}

// Any actor of the tree may be killed: what was below it is lost, and comes back.
func TestStampedeThroughTheTree(t *testing.T) {
	n, span := size(50, 300, 5000), size(500*time.Millisecond, 3*time.Second, time.Minute)
	c := start(t, setup{})
	w := gather(t, c, n)
	killed := w.stampede(c, herd{every10ms, span, anyKind})
	w.calmDown(c)
	st := c.stats()
	w.expectExact(st)
	report(t, fmt.Sprintf("stampede: every 10 ms an actor of the tree is killed, %d clients, %v", n, span),
		fmt.Sprintf("%d killed, %d clients lost, all with what was killed; %d requests refused, 0 unanswered; coming back took %v (p99)",
			killed, w.lost.Load(), w.refused.Load(), rough(w.connects.quantile(0.99))))
}
