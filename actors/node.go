package actors

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
)

// causes is how many there are of messages.Cause.
const causes = 32

// node is what all parts of one tree share. Nothing in it changes after the
// tree has started.
type node struct {
	Tree
	system        *actor.ActorSystem
	root          *actor.RootContext
	log           *slog.Logger
	boot          string       // in every socket's id, so that no id ever comes again
	queue         queue        // runs mailboxes
	crew          *pool[job]   // writes to clients
	starts        *pool[*link] // begins with those who need no reader
	router        *router
	batchers      []*batcher
	directory     *directory
	sessionRoutes []*actor.PID   // told when a client has gone
	opened        atomic.Uint64  // sockets so far: the next one's number
	links         sync.WaitGroup // links whose goroutines live
	readies       atomic.Int64   // clients whose handshake is done
	causes        [causes]atomic.Uint64
	faults        faults
	hosts         hosts
	onward        onward
	trouble       trouble
	born          time.Time

	interval, slack time.Duration // of Limits.Rate
	level           atomic.Int32  // of the memory gate
	memory          memoryGate
	bye             atomic.Pointer[connectors.Reason] // what clients are told while we drain
	exit
}

// gate is what all sockets of one connector share.
type gate struct {
	*node
	name      string
	connector connectors.Connector
	tick      time.Duration // negative: pushes never wait
	waiting   []*waiting    // one for each batcher
	shards    atomic.Pointer[[]*actor.PID]
}

// now is the time since the node was made.
func (n *node) now() time.Duration { return time.Since(n.born) }

// opening makes a link one that can be found. Its batcher knows of it before anybody can
// send it there.
func (g *gate) opening(l *link) {
	l.place.opens.Add(1)
	g.live.Add(1)
	g.links.Add(1) // for its reader
	g.directory.add(l)
	l.batcher.post(&linkOpened{l})
}

// closing makes it one that cannot be found any more.
func (g *gate) closing(l *link) {
	g.directory.remove(l)
	l.batcher.post(&linkClosed{l})
	l.place.closes.Add(1)
}

// publish puts a fact on the event stream. Its subscribers run on our goroutine: one that
// panics loses what comes after it, and hurts nobody else.
func publish(system *actor.ActorSystem, fact any) {
	err := safely(func() error { system.EventStream.Publish(fact); return nil })
	if err != nil {
		system.Logger().Error("panic in an event stream subscriber", "event", fmt.Sprintf("%T", fact), "error", err)
	}
}

// tell sends an event to the application's actor, if it has named one.
func (n *node) tell(event any) {
	if n.Events != nil {
		n.root.Send(n.Events, event)
	}
}

// socketName names the actor of socket number no, which can be read off it. Behind the slash it is the
// session's id.
func (n *node) socketName(no uint64) string {
	b := make([]byte, 0, 64)
	b = append(append(append(b, "socket/"...), n.boot...), '-')
	return string(strconv.AppendUint(b, no, 10))
}

// sessionOf is the id of the session that a socket's PID stands for.
func sessionOf(socket *actor.PID) string {
	return socket.Id[strings.LastIndexByte(socket.Id, '/')+1:]
}

// socketNo is the number of the socket with this PID, if it is one of ours.
func (n *node) socketNo(pid *actor.PID) (no uint64, ok bool) {
	if pid == nil || pid.Address != n.system.Address() {
		return 0, false
	}
	at := strings.LastIndexByte(pid.Id, '-')
	if at < 0 || !strings.HasSuffix(pid.Id[:at], n.boot) {
		return 0, false
	}
	no, err := strconv.ParseUint(pid.Id[at+1:], 10, 64)
	return no, err == nil
}

// batcherOf tells which batcher serves the socket with this PID; nil for a PID that is
// not one of our sockets.
func (n *node) batcherOf(pid *actor.PID) *batcher {
	no, ok := n.socketNo(pid)
	if !ok {
		return nil
	}
	return n.batchers[no%uint64(len(n.batchers))]
}

// sendBehind sends msg so that it does not overtake what went through lanes before, and
// so that what goes through them later does not overtake it: it has been done on return.
func (n *node) sendBehind(lanes []lane, to *actor.PID, msg any) {
	n.sendTo(n.linkOf(to), lanes, to, msg)
}

// sendTo is sendBehind for who knows the link behind to, nil if there is none here.
func (n *node) sendTo(l *link, lanes []lane, to *actor.PID, msg any) {
	switch {
	case l != nil && lanes != nil && !lanes[l.batcher.k].empty():
		l.batcher.post(&deliver{l, msg, lanes[l.batcher.k].enter()})
	case l == nil || !l.obey(msg, nil):
		n.root.Send(to, msg)
	}
}
