//go:build !race

package cluster_test

import (
	"fmt"
	"testing"
	"time"
)

// TestSockets opens many real sockets over six gates, and pushes to all.
func TestSockets(t *testing.T) {
	if *sockets == 0 {
		t.Skip("only with -cluster.sockets")
	}
	f := launch(t, 6, 1)
	before, begin := make([]int, len(f.gates)), time.Now()
	var holders []*process
	for i, p := range f.gates {
		before[i] = p.resident()
		h := &process{t: t}
		h.run(holderVariable, fmt.Sprintf("%s %d", p.conf.Clients, *sockets/len(f.gates)))
		t.Cleanup(h.kill)
		holders = append(holders, h)
	}
	for _, h := range holders {
		h.awaitFor("in", 10*patience)
	}
	t.Logf("%d sockets over %d gates came in in %v", *sockets, len(f.gates), time.Since(begin))
	<-time.After(5 * time.Second)
	sum := 0
	for i, p := range f.gates {
		sum += p.resident() - before[i]
	}
	t.Logf("%.2f KB of the gates' memory for each", float64(sum)/1000/float64(*sockets))
	c := f.gates[0].dial() // it comes after the sockets: it does not count
	if err := ask(c, "door.in", user{UID: "crier"}, nil); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		broadcast(t, f, holders, func() error { return ask(c, "arena.shout", work{N: 1}, nil) })
	}
}

// broadcast counts until the last socket has the push.
func broadcast(t *testing.T, f *fleet, holders []*process, shout func() error) {
	begin, before := time.Now(), usedBy(f.all())
	if err := shout(); err != nil {
		t.Fatal(err)
	}
	last := begin
	for _, h := range holders {
		var at int64
		if _, err := fmt.Sscanf(h.awaitFor("all", patience), "all %d", &at); err != nil {
			t.Fatal(err)
		}
		if when := time.Unix(0, at); when.After(last) {
			last = when
		}
	}
	t.Logf("a push to all: the last has it after %v; %v of CPU in all nodes", last.Sub(begin).Round(time.Millisecond), usedBy(f.all())-before)
}
