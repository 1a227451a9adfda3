package bench_test

import (
	"flag"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/fairlead-go/fairlead/messages"
)

// BenchmarkMillion is a push to a room of a million clients of the memory connector, counted until the last has
// read it; and what each client holds. It takes 4 GB, so it runs only where it is asked for: -bench Million.
func BenchmarkMillion(b *testing.B) {
	if asked := flag.Lookup("test.bench"); testing.Short() || asked == nil || !strings.Contains(asked.Value.String(), "Million") {
		b.Skip("takes 4 GB: go test -run ^$ -bench Million ./bench")
	}
	const clients = 1_000_000
	at := wires["delivered"].open()
	s := serve(b, at.Connector)
	defer s.end()
	before := inUse()
	conns := crowd(b, s, at, clients)
	idle := inUse() - before
	group := gather(b, s, conns)
	joined := inUse() - before
	push := &messages.Push{Route: word.Route, Body: body}
	for b.Loop() {
		group.Send(push)
		hearAll(conns)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/clients, "ns/receiver")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/broadcast")
	b.ReportMetric(float64(idle)/clients, "B/idle")
	b.ReportMetric(float64(joined)/clients, "B/joined")
	for _, c := range conns {
		_ = c.Close()
	}
}

// hearAll has two readers read what comes to each.
func hearAll(conns []net.Conn) {
	var readers sync.WaitGroup
	for half := range 2 {
		readers.Go(func() {
			buf := make([]byte, 256)
			for i := half; i < len(conns); i += 2 {
				_, _ = conns[i].Read(buf)
			}
		})
	}
	readers.Wait()
}
