package bench_test

import (
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/memory"
)

// wire is a way in.
type wire struct {
	web  bool
	open func() place
}

// place is where clients come in, and how.
type place struct {
	connectors.Connector
	dial func(s *server) (net.Conn, error)
}

// seldom is how often a server here shows life: once in the beginning, and never while it is measured.
const seldom = time.Hour

func overTCP() place {
	return place{
		&hybrid.Connector{Addr: "127.0.0.1:0", Heartbeat: seldom},
		func(s *server) (net.Conn, error) {
			return net.Dial("tcp", s.Addrs("hybrid")[0].String())
		},
	}
}

func overMemory(delivered bool) func() place {
	return func() place {
		c := &memory.Connector{Delivered: delivered, Heartbeat: seldom}
		return place{c, func(*server) (net.Conn, error) { return c.Dial() }}
	}
}

var wires = map[string]wire{
	"tcp":       {open: overTCP},
	"ws":        {open: overTCP, web: true},
	"memory":    {open: overMemory(false)},
	"delivered": {open: overMemory(true)},
}

// with runs f with a server on a wire, and some clients that came in.
func with(tb testing.TB, w wire, clients int, f func(s *server, peers []*peer)) {
	tb.Helper()
	at := w.open()
	s := serve(tb, at.Connector)
	defer s.end()
	peers := make([]*peer, clients)
	for i := range peers {
		conn, err := at.dial(s)
		if err != nil {
			tb.Fatal(err)
		}
		defer conn.Close()
		if err = newHand(w.web).shake(conn); err != nil {
			tb.Fatal(err)
		}
		peers[i] = &peer{conn: conn, web: w.web}
	}
	f(s, peers)
}
