package bench_test

import (
	"fmt"
	"runtime"
	"testing"
)

// limit is the most that something may cost.
type limit struct {
	most float64
	unit string
	why  string // what it is made of: where to look when it is broken
}

// limits are all there are. They stand a little above what was measured, for pools that another processor holds
// and stacks that grow. Who makes something cheaper lowers its limit; who raises one says here what for.
var limits = map[string]limit{
	"tcp echo":       {1.2, "allocations a request", "its body: the request itself is used again"},
	"ws echo":        {1.2, "allocations a request", "its body: the request itself is used again"},
	"memory echo":    {3.2, "allocations a request", "1 as over TCP, 2 of the pipe's, which gives its memory away with what it brings"},
	"delivered echo": {3.2, "allocations a request", "1 as over TCP, 2 of the pipe's; the goroutine that brings it is used again by the runtime"},

	"tcp echo size":       {60, "bytes a request", "48: its body"},
	"ws echo size":        {60, "bytes a request", "48: its body"},
	"memory echo size":    {200, "bytes a request", "176: those of TCP, and 64 of a pipe's memory twice"},
	"delivered echo size": {200, "bytes a request", "176: those of TCP, and 64 of a pipe's memory twice"},

	"tcp echo of 16":       {0.1, "allocations a request", "what one read brings shares its memory"},
	"memory echo of 16":    {0.6, "allocations a request", "what one read brings shares its memory; the pipe's own grows with it"},
	"delivered echo of 16": {0.6, "allocations a request", "what one read brings shares its memory; the pipe's own grows with it"},

	"push":       {0.05, "allocations a push", "none: it is encoded into memory that the outbox keeps"},
	"group push": {0.5, "allocations a receiver", "none for each: what there is belongs to the push, and to writers that are more than before"},

	"tcp connect":      {48, "allocations a client", "accept, Conn, Protocol, link, socket, session, handshake in JSON"},
	"ws connect":       {85, "allocations a client", "those of TCP, and the upgrade"},
	"tcp connect size": {3700, "bytes a client", "some 2 KB of it stay"},
	"ws connect size":  {6300, "bytes a client", "some 2 KB of it stay"},

	"idle client":   {2250, "bytes", "both ends of a memory pipe, Conn, Protocol, link, socket, session, and places in tables; no goroutine"},
	"joined client": {2400, "bytes", "an idle client, and its places in a group"},

	"pushes of a tick":        {1, "writes", "what gathers in a tick leaves as one write"},
	"16 requests of a client": {2, "writes", "the first answer, and those that gather while it is written"},
	"group push of a tick":    {1, "writes a client", "a group's pushes gather as a client's own do"},
}

// hold fails when what was measured is over its limit.
func hold(t *testing.T, name string, got float64) {
	t.Helper()
	l, ok := limits[name]
	if !ok {
		t.Fatalf("there is no limit for %q", name)
	}
	if said, holds := l.judge(got); holds {
		t.Logf("%s: %s", name, said)
	} else {
		t.Errorf("%s: %s: bench/limits_test.go says what it is made of (%s)", name, said, l.why)
	}
}

// judge says what was measured and what is allowed.
func (l limit) judge(got float64) (said string, holds bool) {
	return fmt.Sprintf("%.2f %s, allowed are %.2f", got, l.unit, l.most), got <= l.most
}

func TestALimitCanBeBroken(t *testing.T) {
	l := limit{most: 3, unit: "writes"}
	if said, holds := l.judge(3); !holds || said != "3.00 writes, allowed are 3.00" {
		t.Errorf("at the limit: %q, %v", said, holds)
	}
	if said, holds := l.judge(3.1); holds || said != "3.10 writes, allowed are 3.00" {
		t.Errorf("over it: %q, %v", said, holds)
	}
}

// stable takes the machine out of what is measured: two processors, since there is a batcher for each; and it
// skips what the race detector would measure of itself.
func stable(t *testing.T) {
	t.Helper()
	if racing {
		t.Skip("the race detector takes memory of its own")
	}
	before := runtime.GOMAXPROCS(2)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}
