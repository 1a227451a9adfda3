package actors

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

// Logins says what happens when a user that is bound to one socket binds to another.
type Logins int

const (
	// AllowLogins lets a user be bound to any number of sockets.
	AllowLogins Logins = iota
	// KickOlder kicks the older sockets, with reason "another login", before the
	// newer one learns that it is bound.
	KickOlder
	// RefuseNewer refuses the newer socket with code 409.
	RefuseNewer
)

// olderReason is what the client of an older login is told.
const olderReason = "another login"

// setUser is called with uid's part of the directory locked, so that it and
// the session agree.
func (l *link) setUser(uid string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.mayBind(uid)
	if c := l.some().login; err == nil && c != nil && c.revoked {
		err = unavailable()
	}
	if err == nil {
		l.session.Store(l.session.Load().WithUID(uid))
	}
	return err
}

// mayBind is called with mu held. It tells why the link cannot be one of uid's.
func (l *link) mayBind(uid string) error {
	s := l.session.Load()
	switch {
	case l.reason != nil || l.closed || l.out.sealed:
		return messages.NewError(messages.CodeGone, "the client is leaving")
	case uid == "":
		return messages.NewError(messages.CodeBadRequest, "uid is empty")
	case s.Uid != "" && s.Uid != uid:
		return messages.NewError(messages.CodeConflict, "bound to another user")
	}
	return nil
}

// bound answers who asked for a Bind or an Unbind, if they want an answer.
func (l *link) bound(from *actor.PID, err error) {
	if from == nil {
		return
	}
	m := &messages.Bound{Session: l.who()}
	if err != nil {
		m.Error = messages.AsError(err)
	}
	l.root.Send(from, m)
}

// set changes settings of the session.
func (l *link) set(changes map[string][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.session.Store(l.session.Load().WithSettings(changes))
}

// pushUsers sends p to all sockets of some users, encoded once for each codec,
// and returns how many there were on this node.
func (n *node) pushUsers(lanes []lane, p *messages.Push, uids []string) (sockets int, err error) {
	if n.Cluster != nil {
		return n.count(uids), n.Cluster.PushUsers(p, uids)
	}
	c := &cell{node: n, push: p}
	var shared sharedEntry
	for _, uid := range uids {
		for _, l := range n.directory.of(uid) {
			sockets++
			if lanes != nil && !lanes[l.batcher.k].empty() {
				l.batcher.post(&deliver{l, p, lanes[l.batcher.k].enter()})
				continue
			}
			shared.offer(l, c, p.Key != "")
		}
	}
	return sockets, nil
}

// count is how many sockets users have here.
func (n *node) count(uids []string) (sockets int) {
	for _, uid := range uids {
		sockets += len(n.directory.of(uid))
	}
	return sockets
}

// kickUser kicks all sockets of a user, and returns how many there were on this node.
func (n *node) kickUser(lanes []lane, uid, reason string) (sockets int) {
	if n.Cluster != nil {
		if err := n.Cluster.KickUser(uid, reason); err != nil {
			n.log.Warn("user not kicked", "error", err)
		}
		return n.count([]string{uid})
	}
	for _, l := range n.directory.of(uid) {
		sockets++
		n.sendBehind(lanes, l.pid, &messages.Kick{Reason: reason})
	}
	return sockets
}

// jsonPush makes a push of v.
func jsonPush(key, route string, v any) (*messages.Push, error) {
	b, err := body.JSON(v)
	if err != nil {
		return nil, fmt.Errorf("push %s: %w", route, err)
	}
	return &messages.Push{Route: route, Body: b, Key: key}, nil
}

// linkOf is the link behind a socket's PID; nil when it is gone, or not one of ours.
func (n *node) linkOf(pid *actor.PID) *link {
	no, ok := n.socketNo(pid)
	if !ok {
		return nil
	}
	return n.directory.find(no)
}
