package connectortest

import "runtime"

// costs are bounds.
var costs = []promise{{
	name: "a message costs few allocations", check: allocations,
	text: "A client's message costs no more allocations, on both ends together, than Harness.Allocs says.",
}}

func allocations(r *rig) {
	r.start()
	f, n := r.client()
	f.listen()
	const count, burst = 400, 20
	number := 0
	run := func() {
		for range count / burst {
			for range burst {
				number++
				f.trySend(f.client.Request(uint64(number), echoRoute, body(number, 20)))
				n.answer(n.wantRequest(number))
				f.want(Response, number)
			}
		}
	}
	run() // what is kept for use again is there then
	before := mallocs()
	run()
	if each := float64(mallocs()-before) / count; each > r.Allocs {
		r.broken("Conn", "a request and its answer cost %.0f allocations, want at most %.0f", each, r.Allocs)
	}
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
