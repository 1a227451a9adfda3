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
	links map[string]*link // by PID id
	box   actor.MailboxProducer
	last  *hangUp // set when the shard takes no more sockets
	empty bool    // and has said so
}

// What a shard is sent.
type (
	opened struct{ conn connectors.Conn }
	// hangUp closes every socket, now and from now on. Each shard takes one
	// off left when it has none any more.
	hangUp struct {
		reason connectors.Reason
		left   *sync.WaitGroup
	}
)

func newShard(g *gate) *shard {
	kind := &mailboxKind{turns: g.queue, burst: socketBurst}
	return &shard{gate: g, links: map[string]*link{}, box: newMailbox(kind)}
}

func (s *shard) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *opened:
		s.open(ctx, m.conn)
	case *actor.Terminated:
		s.closed(m.Who)
	case *hangUp:
		s.hangUp(m)
	}
}

func (s *shard) hangUp(m *hangUp) {
	s.last = m
	for _, l := range s.links {
		l.kick(m.reason, false, nil)
	}
	s.sayEmpty()
}

func (s *shard) sayEmpty() {
	if s.last != nil && !s.empty && len(s.links) == 0 {
		s.empty = true
		s.last.left.Done()
	}
}

// open makes a socket of a conn: its link, its actor, its reader.
func (s *shard) open(ctx actor.Context, c connectors.Conn) {
	if s.last != nil {
		c.Close(s.last.reason)
		return
	}
	seq := s.gate.opened.Add(1)
	l := &link{gate: s.gate, conn: c, born: time.Now(), batcher: s.gate.batchers[seq%uint64(len(s.gate.batchers))]}
	if err := safely(func() error { l.proto = s.gate.connector.Protocol(c); return nil }); err != nil {
		s.gate.log.Error("no protocol for a client", "connector", s.gate.name, "error", err)
		l.guarded(func() { c.Close(connectors.Reason{Cause: messages.CauseFailed}) })
		return
	}
	id := s.gate.socketID(seq)
	props := actor.PropsFromProducer(func() actor.Actor { return &socket{link: l} },
		actor.WithDispatcher(inline{}), actor.WithMailbox(s.box))
	pid, err := ctx.SpawnNamed(props, "socket/"+id)
	if err != nil {
		s.gate.log.Error("socket not spawned", "socket", id, "error", err)
		c.Close(connectors.Reason{Cause: messages.CauseFailed})
		return
	}
	s.links[pid.Id] = l
	l.pid = pid
	l.session.Store(s.session(pid, id, c))
	s.gate.root.Send(l.batcher.pid, &linkOpened{l})
	l.start()
}

func (s *shard) session(pid *actor.PID, id string, c connectors.Conn) *messages.Session {
	return &messages.Session{
		Id:          pid.Id[len(pid.Id)-len(id):], // shares the PID's memory
		Socket:      pid,
		Connector:   s.gate.name,
		Transport:   c.Transport(),
		RemoteAddr:  c.RemoteAddr().String(),
		ConnectedAt: time.Now().UnixNano(),
	}
}

// closed lets go of a link whose actor is gone.
func (s *shard) closed(pid *actor.PID) {
	l := s.links[pid.Id]
	if l == nil {
		return
	}
	delete(s.links, pid.Id)
	s.gate.root.Send(l.batcher.pid, &linkClosed{l})
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
	if l := s.links[pid.Id]; l != nil {
		l.end(connectors.Reason{Cause: messages.CauseFailed})
	}
}
