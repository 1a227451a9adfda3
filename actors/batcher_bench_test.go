package actors

import (
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// hole is a Conn that swallows what is written.
type hole struct {
	connectors.Conn
	written *sync.WaitGroup
}

func (h *hole) Write(net.Buffers) error { h.written.Done(); return nil }

func (h *hole) TryWrite(net.Buffers) (taken, rest bool) { h.written.Done(); return true, false }

// bare is a Codec that costs nothing.
type bare struct{ connectors.Codec }

func (bare) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	return append(dst, p.Body...), nil
}

// BenchmarkGroupPush is what a batcher does for one broadcast: append ends when all
// members have it in their outboxes, last when it has been written to all, by the crew.
func BenchmarkGroupPush(b *testing.B) {
	for _, members := range []int{1_000, 100_000} {
		for name, p := range map[string]*messages.Push{
			"key=none": {Body: make([]byte, 64)},
			"key=same": {Body: make([]byte, 64), Key: "k"},
		} {
			b.Run(fmt.Sprintf("members=%d/body=64/%s", members, name), func(b *testing.B) { groupPush(b, members, p) })
		}
	}
}

func groupPush(b *testing.B, members int, p *messages.Push) {
	n := &node{Tree: Tree{Limits: Limits{}.WithDefaults()}, log: slog.New(slog.DiscardHandler), crew: newPool(job.write), born: time.Now()}
	bt := newBatcher(n, 0)
	w := &waiting{to: bt, tick: time.Hour}
	g := &gate{node: n, tick: time.Hour, waiting: []*waiting{w}}
	room := &group{scope: "room"}
	var written sync.WaitGroup
	for range members {
		l := &link{gate: g, conn: &hole{written: &written}, batcher: bt, codec: bare{}}
		l.live.Store(1) // it is not closed
		room.add(l)
	}
	var appending time.Duration
	round := func() {
		written.Add(members)
		begin := time.Now()
		room.push(&cell{node: n, push: p}, audience{})
		appending += time.Since(begin)
		w.flush()
		written.Wait()
	}
	round() // the first makes the memory that the others use again
	appending = 0
	b.ReportAllocs()
	before := mallocs()
	for b.Loop() {
		round()
	}
	receivers := float64(b.N * members)
	b.ReportMetric(float64(mallocs()-before)/receivers, "allocs/receiver")
	b.ReportMetric(float64(appending)/receivers, "append-ns/receiver")
	b.ReportMetric(float64(b.Elapsed())/receivers, "last-ns/receiver")
	w.stop()
	n.crew.close(time.Minute)
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
