package supervisor_test

import (
	"io"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/supervisor"
)

// BenchmarkBroadcastOverMemory pushes to clients of the memory connector, and counts until the
// last of them has read its package: what a broadcast takes with both ends in one process.
func BenchmarkBroadcastOverMemory(b *testing.B) {
	const clients = 100_000
	place := &memory.Connector{Heartbeat: -1, HandshakeTime: -1, Tick: -1}
	fl, err := supervisor.Start(quietSystem(), supervisor.Config{
		Connectors: []connectors.Source{place}, Routes: []actors.Route{actors.NewRoute("r")},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer fl.Stop()
	conns := make([]net.Conn, clients)
	for i := range conns {
		if conns[i], err = place.Dial(); err != nil {
			b.Fatal(err)
		}
		_, _ = io.WriteString(conns[i], hello+ack)
		_, _ = io.ReadFull(conns[i], make([]byte, len("\x01\x00\x00\x15")+len(`{"code":200,"sys":{}}`)))
	}
	for fl.Stats().Ready < clients {
		runtime.Gosched()
	}
	for b.Loop() {
		_ = fl.All().Push("on", 1)
		var readers sync.WaitGroup
		for half := range 2 {
			readers.Go(func() {
				buf := make([]byte, 64)
				for i := half; i < clients; i += 2 {
					_, _ = conns[i].Read(buf)
				}
			})
		}
		readers.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/clients, "ns/receiver")
}
