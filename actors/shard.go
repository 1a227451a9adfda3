package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

const (
	// shardsPerConnector keeps a mass disconnect from making one supervisor deaf.
	shardsPerConnector = 16
	// socketQueue is how many messages may wait for a socket whose mailbox is busy.
	socketQueue = 16 << 10
)

// shard supervises some of a connector's sockets and does nothing else: no user
// code and no codec runs in it, for if it failed and were restarted, all its sockets would stop.
type shard struct {
	gate     *gate
	props    *actor.Props // of all its sockets
	stopping bool         // by somebody else: another one takes its place
}

// opened brings a shard a client.
type opened struct {
	conn connectors.Conn
	from *place
	lost int // how often it has not reached a shard
}

func newShard(g *gate) *shard {
	kind := &mailboxKind{turns: g.queue, burst: socketBurst, limit: socketQueue, lost: g.lost, full: g.flooded}
	return &shard{gate: g, props: actor.PropsFromProducer(func() actor.Actor { return &socket{node: g.node} },
		actor.WithDispatcher(inline{}), actor.WithMailbox(newMailbox(kind)))}
}

func (s *shard) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Stopping:
		s.stopping = true
	case *opened:
		if s.stopping {
			s.gate.handAgain(m)
		} else {
			s.open(ctx, m)
		}
	case *actor.Terminated:
		s.closed(m.Who)
	}
}

// open makes a socket of a conn: its link, its actor, its reader.
func (s *shard) open(ctx actor.Context, m *opened) {
	if s.gate.stopping.Load() {
		refuse(m.conn, stopped)
		return
	}
	l, session, err := s.link(m)
	if err != nil {
		if s.gate.fault(messages.FaultConn, scene{connector: s.gate.name, what: err}) {
			s.gate.log.Error("client not served", "connector", s.gate.name, "error", err)
		}
		refuse(m.conn, connectors.Reason{Cause: messages.CauseFailed})
		return
	}
	l.pid = mustSpawn(ctx, s.props, s.gate.socketName(l.no))
	session.Id = sessionOf(l.pid) // shares the PID's memory
	session.Socket = l.pid
	l.session.Store(session)
	s.gate.opening(l)
	l.begin()
	if s.gate.stopping.Load() { // since we looked
		l.dismiss(stopped)
	}
}

// stopped is why a client that comes too late is closed.
var stopped = connectors.Reason{Cause: messages.CauseStopping, Text: "server stopping"}

// link asks the connector what must be known of a client: its code may panic.
func (s *shard) link(m *opened) (l *link, session *messages.Session, err error) {
	no, c, now := s.gate.opened.Add(1), m.conn, time.Now()
	l = &link{gate: s.gate, place: m.from, no: no, conn: c, bornAt: now.Sub(s.gate.born)}
	l.live.Store(2)
	l.batcher = s.gate.batchers[no%uint64(len(s.gate.batchers))]
	session = &messages.Session{Connector: s.gate.name, ConnectedAt: now.UnixNano()}
	err = safely(func() error {
		session.Transport, session.RemoteAddr = c.Transport(), c.RemoteAddr().String()
		l.proto = s.gate.connector.Protocol(c)
		return nil
	})
	return l, session, err
}

func refuse(c connectors.Conn, r connectors.Reason) {
	_ = safely(func() error { c.Close(r); return nil })
}

// closed lets go of a link whose actor is gone.
func (s *shard) closed(pid *actor.PID) {
	l := s.gate.linkOf(pid)
	if l == nil {
		return
	}
	s.gate.closing(l)
	l.close()
}

// HandleFailure makes the shard the strategy of its sockets: a fresh actor takes
// over the living link, unless it has failed too often.
func (s *shard) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, msg any) {
	if s.gate.fault(messages.FaultSocket, scene{connector: s.gate.name, session: sessionOf(child), what: reason}) {
		s.gate.log.Error("panic in a socket", "socket", child.Id, "panic", fmt.Sprint(reason))
	}
	restarts{s.gate.Socket, s.gaveUp}.HandleFailure(sys, sup, child, rs, reason, msg)
}

func (s *shard) gaveUp(pid *actor.PID, reason any) {
	s.gate.log.Error("socket failed too often", "socket", pid.Id, "panic", reason)
	if l := s.gate.linkOf(pid); l != nil {
		l.end(connectors.Reason{Cause: messages.CauseFailed})
	}
}
