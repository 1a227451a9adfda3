package bench_test

import (
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/messages"
)

// counted is a place whose clients count what is written to them: with a socket of the kernel's each would be a
// system call. While they are counted a write takes a while, as it does there.
type counted struct {
	*memory.Listener
	writes atomic.Int64
	counts atomic.Bool
}

func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countedConn{conn, c}, nil
}

type countedConn struct {
	net.Conn
	at *counted
}

func (c *countedConn) Write(b []byte) (int, error) {
	if c.at.counts.Load() {
		c.at.writes.Add(1)
		<-time.After(time.Millisecond)
	}
	return c.Conn.Write(b)
}

// counting runs f in a bubble, with clients of hybrid on a counted place, all in the room.
func counting(t *testing.T, web bool, clients int, f func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &counted{Listener: memory.Listen("counted")}
		at := place{&hybrid.Connector{Listener: l, Heartbeat: seldom}, func(*server) (net.Conn, error) { return l.Dial() }}
		s := &stage{t: t, place: l}
		with(t, wire{web: web, open: func() place { return at }}, clients, func(from *server, peers []*peer) {
			s.server, s.peers = from, peers
			for _, p := range peers {
				p.says(request(1, "join", body), response(1, body))
				p.once(t)
			}
			f(s)
		})
		s.settle()
	})
}

// stage is what a count is made on.
type stage struct {
	t *testing.T
	*server
	peers []*peer
	place *counted
}

// writes counts them while f is done and until all is quiet, in a bubble.
func (s *stage) writes(f func()) float64 {
	s.settle()
	s.place.counts.Store(true)
	f()
	s.settle()
	s.place.counts.Store(false)
	return float64(s.place.writes.Load())
}

// settle waits in the bubble for all that is under way, the actor system's own included.
func (s *stage) settle() { time.Sleep(5 * time.Second) }

// bothWires runs f for streams of packages, and for WebSockets.
func bothWires(t *testing.T, clients int, f func(s *stage)) {
	t.Helper()
	for name, web := range map[string]bool{"tcp": false, "ws": true} {
		t.Run(name, func(t *testing.T) { counting(t, web, clients, f) })
	}
}

func TestPushesOfATickAreOneWrite(t *testing.T) {
	bothWires(t, 1, func(s *stage) {
		s.Sockets(func(one *messages.Session) bool {
			hold(s.t, "pushes of a tick", s.writes(func() {
				for range 10 {
					s.system.Root.Send(one.Socket, word)
				}
			}))
			return true
		})
	})
}

func TestGroupPushesOfATickAreOneWriteAClient(t *testing.T) {
	const clients = 50
	bothWires(t, clients, func(s *stage) {
		hold(s.t, "group push of a tick", s.writes(func() {
			for range 3 {
				s.Group(room).Send(word)
			}
		})/clients)
	})
}

func TestPipelinedRequestsAreAnsweredInFewWrites(t *testing.T) {
	bothWires(t, 1, func(s *stage) {
		p := s.peers[0]
		p.says(pipelined(16))
		hold(s.t, "16 requests of a client", s.writes(func() {
			if _, err := p.conn.Write(p.ask); err != nil {
				s.t.Fatal(err)
			}
		}))
	})
}
