package bench_test

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"
)

// body is what is asked and answered here.
var body = []byte(`{"content":"0123456789abcdef"}`)

// A request is measured from the client's write to the client's read, everything between included.
func TestARequestCostsFewAllocations(t *testing.T) {
	stable(t)
	for name, w := range wires {
		t.Run(name, func(t *testing.T) {
			with(t, w, 1, func(_ *server, peers []*peer) {
				p := peers[0]
				p.says(request(1, "echo", body), response(1, body))
				objects, size := each(20_000, func() { p.once(t) })
				hold(t, name+" echo", objects)
				hold(t, name+" echo size", size)
			})
		})
	}
}

// pipelined is what asks count requests with one write, and what comes back.
func pipelined(count int) (ask, back []byte) {
	for id := range uint64(count) {
		ask = append(ask, request(id+1, "echo", body)...)
		back = append(back, response(id+1, body)...)
	}
	return ask, back
}

func TestPipelinedRequestsShareTheirAllocations(t *testing.T) {
	stable(t)
	for _, name := range []string{"tcp", "memory", "delivered"} { // over a WebSocket answers may share messages in any way
		t.Run(name, func(t *testing.T) {
			with(t, wires[name], 1, func(_ *server, peers []*peer) {
				peers[0].says(pipelined(16))
				objects, _ := each(2000, func() { peers[0].once(t) })
				hold(t, name+" echo of 16", objects/16)
			})
		})
	}
}

// The answer to the request that has the pushes made takes them along.
func TestPushesCostNoAllocations(t *testing.T) {
	stable(t)
	with(t, wires["tcp"], 1, func(_ *server, peers []*peer) {
		p := peers[0]
		p.says(request(1, "echo", body), response(1, body))
		none, _ := each(2000, func() { p.once(t) })
		p.says(request(1, "push", body), append(bytes.Repeat(pushed(), notes), response(1, body)...))
		some, _ := each(2000, func() { p.once(t) })
		hold(t, "push", (some-none)/notes)
	})
}

func TestGroupPushesCostNothingForEachReceiver(t *testing.T) {
	stable(t)
	const members = 200
	for _, name := range []string{"tcp", "ws"} {
		t.Run(name, func(t *testing.T) {
			with(t, wires[name], members, func(s *server, peers []*peer) {
				for _, p := range peers {
					p.says(request(1, "join", body), response(1, body))
					p.once(t)
					p.says(nil, pushed())
				}
				group := s.Group(room)
				objects, _ := each(20, func() {
					group.Send(word)
					for _, p := range peers {
						p.hear(t)
					}
				})
				hold(t, "group push", objects/members)
			})
		})
	}
}

// each is what f makes the whole process allocate, on average of n calls. The collector rests meanwhile: it would
// take from pools what is then made anew.
func each(n int, f func()) (objects, size float64) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.GC()
	for range n/10 + 2 { // pools, stacks and tables
		f()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
}
