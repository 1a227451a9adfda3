package registry

import (
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// An entry is a login that somebody knows of.
type entry struct {
	login *messages.Login
	next  *entry // of the same user

	// Only registrars have these.
	gate     *gate
	series   uint64 // of bindings, the last one it was in
	kicked   bool
	kickedAt time.Duration
}

// same: it is that very login, not another one of the same socket.
func (e *entry) same(l *messages.Login) bool {
	return e != nil && l != nil && e.login.SessionId == l.SessionId && e.login.View == l.View && e.login.Count == l.Count
}

// whole: nothing is missing of what a login must say.
func whole(l *messages.Login) bool {
	return l.GetSessionId() != "" && l.GetUid() != "" && l.GetSocket() != nil
}

// A shelf finds entries by session and by user.
type shelf struct {
	ids  map[string]*entry
	uids map[string]*entry // the first one: most users have no other
}

// newShelf has room for n.
func newShelf(n int) shelf {
	return shelf{ids: make(map[string]*entry, n), uids: make(map[string]*entry, n)}
}

// put takes an entry in, whose session must have none here.
func (s *shelf) put(e *entry) {
	e.next = s.uids[e.login.Uid]
	s.uids[e.login.Uid] = e
	s.ids[e.login.SessionId] = e
}

func (s *shelf) drop(e *entry) {
	delete(s.ids, e.login.SessionId)
	first := s.uids[e.login.Uid]
	switch {
	case first != e:
		for first.next != e {
			first = first.next
		}
		first.next = e.next
	case e.next == nil:
		delete(s.uids, e.login.Uid)
	default:
		s.uids[e.login.Uid] = e.next
	}
	e.next = nil
}
