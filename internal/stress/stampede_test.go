//go:build linux

package stress_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// stampede kills one actor every 10 ms while clients work, of the kind that next says, and returns
// how many were killed.
func stampede(c *child, w *crowd, span time.Duration, next func(i int) string) (killed int) {
	w.again.Store(true)
	stop := w.load(size(200.0, 1000, 5000))
	defer stop()
	quit := make(chan struct{})
	end, i := time.Now().Add(span), 0
	pace(100, quit, func(time.Time) {
		killed += c.do(command{Do: "kill", Kind: kinds[next(i)]}).N
		if i++; time.Now().After(end) {
			close(quit)
		}
	})
	return killed
}

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
	await(w.t, 30*time.Second, "everybody is back", func() bool { return c.stats().Ready == len(w.peers) || w.stranded.Load() > 0 })
	w.quiet()
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
	killed := stampede(c, w, span, func(int) string { return "socket" })
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

// Any actor of the tree may be killed: what was below it is lost, and comes back.
func TestStampedeThroughTheTree(t *testing.T) {
	need(t, replacesKilled, "actors of the tree that are killed come back")
	n, span := size(50, 300, 5000), size(500*time.Millisecond, 3*time.Second, time.Minute)
	c := start(t, setup{})
	w := gather(t, c, n)
	killed := stampede(c, w, span, anyKind)
	w.calmDown(c)
	st := c.stats()
	w.expectExact(st)
	report(t, fmt.Sprintf("stampede: every 10 ms an actor of the tree is killed, %d clients, %v", n, span),
		fmt.Sprintf("%d killed, %d clients lost, all with what was killed; %d requests refused, 0 unanswered; coming back took %v (p99)",
			killed, w.lost.Load(), w.refused.Load(), rough(w.connects.quantile(0.99))))
}
