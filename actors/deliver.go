package actors

import (
	"context"
	"strconv"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/messages"
)

// What a cluster has a tree do for the users and groups of other nodes. All that is said of sockets here is of those
// on this node; others are left out.

// PushSockets sends p, which must not be changed any more, to some sockets, encoded once for each codec.
func (r *Running) PushSockets(p *messages.Push, sockets []*actor.PID) {
	c := &cell{node: r.node, push: p}
	var shared sharedEntry
	for _, pid := range sockets {
		if l := r.node.linkOf(pid); l != nil {
			shared.offer(l, c, p.Key != "")
		} else {
			r.node.fault(messages.FaultUndelivered, scene{session: sessionOf(pid)})
		}
	}
}

// UnbindSession takes the user off the session of that id, and tells its client, unless tell is nil. It is
// false when nobody was bound to it.
func (r *Running) UnbindSession(id string, tell *messages.Push) bool {
	l := r.node.linkOfSession(id)
	if l == nil || !l.unbind() {
		return false
	}
	if tell != nil {
		l.push(tell)
	}
	return true
}

// Fan sends p, which must not be changed any more, to the members of a group.
func (r *Running) Fan(to *messages.Audience, p *messages.Push) error { return r.here(to).Send(p) }

// MembersOf are the sessions of a group's members.
func (r *Running) MembersOf(ctx context.Context, of *messages.Audience) ([]*messages.Session, error) {
	return r.here(of).Members(ctx)
}

// JoinLocal makes a socket a member of a group.
func (r *Running) JoinLocal(group string, socket *actor.PID) {
	if r.node.linkOf(socket) != nil {
		r.Group(group).Join(socket)
	}
}

// LeaveLocal takes it out.
func (r *Running) LeaveLocal(group string, socket *actor.PID) {
	if r.node.linkOf(socket) != nil {
		r.Group(group).Leave(socket)
	}
}

// here is the part of an audience that is on this node.
func (r *Running) here(to *messages.Audience) Group {
	return Group{node: r.node, local: true, to: audience{name: to.GetGroup(), all: to.GetAll(), except: to.GetExcept(), bound: to.GetBound()}}
}

// message says to other nodes who is meant.
func (a *audience) message() *messages.Audience {
	return &messages.Audience{Group: a.name, All: a.all, Except: a.except, Bound: a.bound}
}

// linkOfSession is the link behind a session's id; nil when it is gone, or not one of ours.
func (n *node) linkOfSession(id string) *link {
	boot, number, _ := strings.Cut(id, "-")
	no, err := strconv.ParseUint(number, 10, 64)
	if err != nil || boot != n.boot {
		return nil
	}
	return n.directory.find(no)
}
