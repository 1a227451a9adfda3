//go:build unix && !race

package cluster_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/supervisor"
	"github.com/fairlead-go/fairlead/supervisor/cluster"
)

// BenchmarkPushToAnotherGate pushes to the clients of another gate, in the same process: what both gates do, up to
// the wire, which is memory here.
func BenchmarkPushToAnotherGate(b *testing.B) {
	const clients = 1000
	place := &memory.Connector{Delivered: true, Heartbeat: -1, HandshakeTime: -1, Tick: -1}
	here := "127.0.0.1:" + freePortOf(b)
	one, from := gateOf(b, here, &memory.Connector{}, here)
	_, to := gateOf(b, "127.0.0.1:0", place, here)
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	if err := one.Ready(ctx); err != nil {
		b.Fatal(err)
	}
	for len(one.Members()) < 2 {
		<-time.After(10 * time.Millisecond)
	}
	conns := make([]net.Conn, clients)
	for i := range conns {
		conns[i], _ = place.Dial()
		_, _ = io.WriteString(conns[i], "\x01\x00\x00\x2e"+greeting+greeted)
	}
	for to.Stats().Ready < clients {
		runtime.Gosched()
	}
	buf := make([]byte, 1<<10)
	for _, c := range conns {
		_, _ = c.Read(buf) // the handshake's answer
	}
	var used time.Duration
	for b.Loop() {
		before := cpu()
		if err := from.All().Push("on", 1); err != nil {
			b.Fatal(err)
		}
		_, _ = conns[clients-1].Read(buf[:64])
		used += cpu() - before
		for _, c := range conns[:clients-1] {
			_, _ = c.Read(buf[:64])
		}
	}
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/clients, "cpu-ns/client")
}

// cpu is the time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func freePortOf(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func gateOf(b *testing.B, listen string, place connectors.Source, join string) (*cluster.Node, *supervisor.Fairlead) {
	silent := slog.New(slog.DiscardHandler)
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return silent }))
	node, err := cluster.Join(system, cluster.Config{
		Listen: listen, Roles: []string{cluster.Gate}, Provider: cluster.Automanaged(join), Expect: 2,
		TLS: cluster.TLS{Insecure: true}, Logger: silent,
	})
	if err != nil {
		b.Fatal(err)
	}
	fl, err := supervisor.Start(system, supervisor.Config{Cluster: node.Cluster(), Connectors: []connectors.Source{place}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		fl.Stop()
		node.Close()
	})
	return node, fl
}
