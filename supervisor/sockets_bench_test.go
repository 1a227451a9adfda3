package supervisor_test

import (
	"flag"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// BenchmarkSockets is what sockets cost that nobody uses, and a broadcast to all of them.
func BenchmarkSockets(b *testing.B) { manySockets(b, 100_000) }

// BenchmarkMillionSockets takes gigabytes, and is only run by its name.
func BenchmarkMillionSockets(b *testing.B) {
	if !strings.Contains(flag.Lookup("test.bench").Value.String(), "Million") {
		b.Skip("only with -bench Million")
	}
	manySockets(b, 1_000_000)
}

// manySockets opens sockets whose clients then are idle, and has them join one group. What it
// counts includes the clients' ends: a pipe is one piece.
func manySockets(b *testing.B, clients int) {
	place := &memory.Connector{Delivered: true, Heartbeat: time.Hour, HandshakeTime: time.Hour} // on a busy machine a million take long
	fl, err := supervisor.Start(quietSystem(), supervisor.Config{
		Connectors: []connectors.Source{place}, Routes: []actors.Route{actors.NewRoute("r")},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer fl.Stop()
	conns := make([]net.Conn, clients)
	before := used()
	for i := range conns {
		conns[i], _ = place.Dial()
		_, _ = io.WriteString(conns[i], hello+ack)
	}
	settle(fl, clients)
	readAll(conns, 1<<10) // the handshake's answer
	idle := used() - before

	group := fl.Group("all")
	pids := make([]*actor.PID, 0, clients)
	fl.Sockets(func(s *messages.Session) bool { pids = append(pids, s.Socket); return true })
	for _, pid := range pids {
		group.Join(pid)
	}
	if n, err := group.Size(b.Context()); n != clients || err != nil {
		b.Fatalf("%d members, %v", n, err)
	}
	pids = nil
	joined := used() - before
	for b.Loop() {
		_ = group.Push("on", 1)
		readAll(conns, 64)
	}
	b.ReportMetric(float64(idle)/float64(clients), "B/socket")
	b.ReportMetric(float64(joined)/float64(clients), "B/member")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(clients), "ns/receiver")
}

// settle waits until all have come in.
func settle(fl *supervisor.Fairlead, clients int) {
	for fl.Stats().Ready < clients {
		runtime.Gosched()
	}
}

// readAll reads once from each.
func readAll(conns []net.Conn, most int) {
	var readers sync.WaitGroup
	for half := range 2 {
		readers.Go(func() {
			buf := make([]byte, most)
			for i := half; i < len(conns); i += 2 {
				_, _ = conns[i].Read(buf)
			}
		})
	}
	readers.Wait()
}

// used is what the heap and all stacks take.
func used() uint64 {
	runtime.GC()
	runtime.GC() // what a pool held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
