package bench_test

import (
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/fairlead-go/fairlead/actors"
)

// crowd dials clients that bring their frames themselves, so that none has a goroutine.
func crowd(tb testing.TB, s *server, at place, clients int) []net.Conn {
	tb.Helper()
	conns, h := make([]net.Conn, clients), newHand(false)
	for i := range conns {
		var err error
		if conns[i], err = at.dial(s); err != nil {
			tb.Fatal(err)
		}
		if err = h.shake(conns[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return conns
}

// gather has all join the room.
func gather(tb testing.TB, s *server, conns []net.Conn) actors.Group {
	tb.Helper()
	join := request(1, "join", body)
	answer := make([]byte, len(response(1, body)))
	for _, c := range conns {
		if _, err := c.Write(join); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			tb.Fatal(err)
		}
	}
	group := s.Group(room)
	if n, err := group.Size(tb.Context()); n != len(conns) || err != nil {
		tb.Fatalf("%d joined, and %v, want %d", n, err, len(conns))
	}
	return group
}

func TestAClientHoldsLittleMemory(t *testing.T) {
	stable(t)
	const clients = 20_000
	at := wires["delivered"].open()
	s := serve(t, at.Connector)
	defer s.end()
	before := inUse()
	conns := crowd(t, s, at, clients)
	hold(t, "idle client", float64(inUse()-before)/clients)
	gather(t, s, conns)
	hold(t, "joined client", float64(inUse()-before)/clients)
	for _, c := range conns {
		_ = c.Close()
	}
}

// inUse is what heap and stacks hold.
func inUse() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools have let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
