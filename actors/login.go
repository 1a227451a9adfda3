package actors

import (
	"github.com/fairlead-go/fairlead/messages"
)

// login is a claim of the link's that its cluster has not decided, or a release that the cluster is
// about to learn of: claims and releases of one session follow each other.
type login struct {
	uid     string        // empty: a release
	done    []func(error) // who waits for it
	revoked bool          // unbound before it was granted
}

// bind makes the link one of uid's. With a cluster it waits for that.
func (l *link) bind(uid string) error {
	if l.Cluster == nil {
		return l.bindHere(uid, l.Logins)
	}
	decided := make(chan error, 1)
	l.claimUser(uid, func(err error) { decided <- err })
	select {
	case err := <-decided:
		return err
	case <-l.node.over:
		return ErrStopping
	}
}

// bindLater is bind for who must not wait.
func (l *link) bindLater(uid string, done func(error)) {
	if l.Cluster == nil {
		done(l.bindHere(uid, l.Logins))
	} else {
		l.claimUser(uid, done)
	}
}

// bindHere makes the link one of uid's on this node.
func (l *link) bindHere(uid string, policy Logins) error {
	older, err := l.directory.bind(l, uid, policy)
	for _, o := range older {
		l.root.Send(o.pid, &messages.Kick{Reason: olderReason})
	}
	return err
}

// claimUser asks the cluster for leave to bind, unless it has been asked already. It waits for nobody;
// done is called once.
func (l *link) claimUser(uid string, done func(error)) {
	l.mu.Lock()
	s := l.session.Load()
	err, before := l.mayBind(uid), l.some().login
	if err == nil && s.Uid == uid && l.who() != s {
		err = unavailable() // it is about to be unbound
	}
	switch {
	case err != nil || s.Uid == uid:
		l.mu.Unlock()
		done(err)
	case before == nil:
		mine := &login{uid: uid, done: []func(error){done}}
		l.rarely().login = mine
		l.mu.Unlock()
		l.Cluster.Claim(s, uid, func(err error) { l.decided(mine, err) })
	case before.uid == "" || before.revoked:
		before.done = append(before.done, func(error) { l.claimUser(uid, done) })
		l.mu.Unlock()
	case before.uid == uid:
		before.done = append(before.done, done)
		l.mu.Unlock()
	default:
		l.mu.Unlock()
		done(messages.NewError(messages.CodeConflict, "binds to another user"))
	}
}

// decided binds the link, if the cluster has granted that, and the client is still there.
func (l *link) decided(c *login, err error) {
	if err == nil {
		if err = l.bindHere(c.uid, AllowLogins); err != nil {
			l.Cluster.Release(l.session.Load().WithUID(c.uid))
		}
	}
	l.settled(c, err)
}

// settled tells all who have waited for c.
func (l *link) settled(c *login, err error) {
	l.mu.Lock()
	if l.seldom.login == c { // and not a release that has come meanwhile
		l.seldom.login = nil
	}
	l.mu.Unlock()
	for _, done := range c.done { // nobody can find c to add another
		done(err)
	}
}

// unbind takes the user off the link, and tells whether there was one. A claim that is not settled will bind nobody:
// what it has been granted may have been taken back.
func (l *link) unbind() bool {
	l.mu.Lock()
	s := l.session.Load()
	bound := s.Uid != "" && !l.closed // else close has done it
	if s.Uid != "" {
		l.session.Store(s.WithUID(""))
	}
	var release *login
	if claimed := l.some().login; bound && l.Cluster != nil {
		release = &login{}
		l.rarely().login = release
	} else if claimed != nil && claimed.uid != "" {
		claimed.revoked = true
	}
	l.mu.Unlock()
	if bound {
		l.unbound(s)
	}
	if release != nil {
		l.settled(release, nil)
	}
	return bound
}

// unbound tells all that the link is not s.Uid's any more, if it was anybody's.
func (l *link) unbound(s *messages.Session) {
	if s.Uid == "" {
		return
	}
	l.directory.unbind(l, s.Uid)
	if l.Cluster != nil {
		l.Cluster.Release(s)
	}
}
