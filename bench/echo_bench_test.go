package bench_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/memory"
)

// BenchmarkEcho is a request and its answer through the whole server, on every wire, with the client in the same
// process: both ends' time, and both ends' allocations, of which the client's are none.
func BenchmarkEcho(b *testing.B) {
	for name, w := range wires {
		for _, depth := range []int{1, 16} {
			if w.web && depth > 1 {
				continue // answers may share messages in any way, which this client does not read
			}
			b.Run(fmt.Sprintf("%s/depth=%d", name, depth), func(b *testing.B) {
				with(b, w, 1, func(_ *server, peers []*peer) {
					peers[0].says(pipelined(depth))
					b.ReportAllocs()
					for b.Loop() {
						peers[0].once(b)
					}
					b.ReportMetric(float64(b.Elapsed())/float64(b.N*depth), "ns/request")
				})
			})
		}
	}
}

// BenchmarkGroupPush is a push to a room until its last member has read it, with no tick to wait for. What a receiver
// costs is to be about the same in any room: from 100 members to 100,000 it may double.
func BenchmarkGroupPush(b *testing.B) {
	for _, members := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("delivered/members=%d", members), func(b *testing.B) {
			c := &memory.Connector{Delivered: true, Heartbeat: seldom, Tick: -1}
			at := place{c, func(*server) (net.Conn, error) { return c.Dial() }}
			s := serve(b, at.Connector)
			defer s.end()
			conns := crowd(b, s, at, members)
			group := gather(b, s, conns)
			b.ReportAllocs()
			for b.Loop() {
				group.Send(word)
				hearAll(conns)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N*members), "ns/receiver")
			for _, c := range conns {
				_ = c.Close()
			}
		})
	}
}
