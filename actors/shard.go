package actors

import (
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

const (
	// shardsPerConnector keeps a mass disconnect from making one supervisor deaf.
	shardsPerConnector = 16
	// socketRestarts within socketWindow are too many: the next failure closes the link.
	socketRestarts = 3
	socketWindow   = 10 * time.Second
)

// shard supervises some of a connector's sockets and does nothing else: no user
// code and no codec runs in it, for if it failed and were restarted, all its sockets would stop.
type shard struct {
	gate  *gate
	props *actor.Props // of all its sockets
	live  int          // sockets
	last  *hangUp      // set when the shard takes no more sockets
	empty bool         // and has said so
}

// What a shard is sent.
type (
	opened struct {
		conn connectors.Conn
		from *place
	}
	// hangUp closes every socket, now and from now on. Each shard takes one
	// off left when it has none any more.
	hangUp struct {
		reason connectors.Reason
		left   *sync.WaitGroup
	}
)

func newShard(g *gate) *shard {
	kind := &mailboxKind{turns: g.queue, burst: socketBurst}
	return &shard{gate: g, props: actor.PropsFromProducer(func() actor.Actor { return &socket{node: g.node} },
		actor.WithDispatcher(inline{}), actor.WithMailbox(newMailbox(kind)))}
}

func (s *shard) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *opened:
		s.open(ctx, m)
	case *actor.Terminated:
		s.closed(m.Who)
	case *hangUp:
		s.hangUp(ctx, m)
	}
}

func (s *shard) hangUp(ctx actor.Context, m *hangUp) {
	s.last = m
	for _, pid := range ctx.Children() {
		if l := s.gate.linkOf(pid); l != nil {
			l.kick(m.reason, false, nil)
		}
	}
	s.sayEmpty()
}

func (s *shard) sayEmpty() {
	if s.last != nil && !s.empty && s.live == 0 {
		s.empty = true
		s.last.left.Done()
	}
}

// open makes a socket of a conn: its link, its actor, its reader.
func (s *shard) open(ctx actor.Context, m *opened) {
	if s.last != nil {
		s.refuse(m.conn, s.last.reason)
		return
	}
	l, session, err := s.link(m)
	if err != nil {
		s.gate.log.Error("client not served", "connector", s.gate.name, "error", err)
		s.refuse(m.conn, connectors.Reason{Cause: messages.CauseFailed})
		return
	}
	id := s.gate.socketID(l.no)
	l.pid = mustSpawn(ctx, s.props, "socket/"+id)
	session.Id = l.pid.Id[len(l.pid.Id)-len(id):] // shares the PID's memory
	session.Socket = l.pid
	l.session.Store(session)
	s.live++
	s.gate.opening(l)
	l.start()
}

// link asks the connector what must be known of a client: its code may panic.
func (s *shard) link(m *opened) (l *link, session *messages.Session, err error) {
	no, c := s.gate.opened.Add(1), m.conn
	l = &link{gate: s.gate, place: m.from, no: no, conn: c, born: time.Now()}
	l.batcher = s.gate.batchers[no%uint64(len(s.gate.batchers))]
	session = &messages.Session{Connector: s.gate.name, ConnectedAt: l.born.UnixNano()}
	err = safely(func() error {
		session.Transport, session.RemoteAddr = c.Transport(), c.RemoteAddr().String()
		l.proto = s.gate.connector.Protocol(c)
		return nil
	})
	return l, session, err
}

func (s *shard) refuse(c connectors.Conn, r connectors.Reason) {
	_ = safely(func() error { c.Close(r); return nil })
}

// closed lets go of a link whose actor is gone.
func (s *shard) closed(pid *actor.PID) {
	l := s.gate.linkOf(pid)
	if l == nil {
		return
	}
	s.live--
	s.gate.closing(l)
	l.close()
	s.sayEmpty()
}

// HandleFailure makes the shard the strategy of its sockets: a fresh actor takes
// over the living link, unless it has failed too often.
func (s *shard) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, msg any) {
	restarts{most: socketRestarts, within: socketWindow, gaveUp: s.gaveUp}.HandleFailure(sys, sup, child, rs, reason, msg)
}

func (s *shard) gaveUp(pid *actor.PID, reason any) {
	s.gate.log.Error("socket failed too often", "socket", pid.Id, "panic", reason)
	if l := s.gate.linkOf(pid); l != nil {
		l.end(connectors.Reason{Cause: messages.CauseFailed})
	}
}
