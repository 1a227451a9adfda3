package actors

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/fairlead-go/fairlead/messages"
)

// directoryParts keeps those who look up from waiting for each other.
const directoryParts = 64

// directory finds links: by their socket's number, and by the user bound to
// them. It is a table under mutexes and not an actor, because handlers ask it in the middle of
// their work, and are to have their answer at once.
type directory struct {
	seed  maphash.Seed
	links [directoryParts]linkPart
	users [directoryParts]userPart
}

type linkPart struct {
	mu sync.RWMutex
	m  map[uint64]*link
}

type userPart struct {
	mu sync.RWMutex
	m  map[string][]*link // oldest first
}

func newDirectory() *directory {
	d := &directory{seed: maphash.MakeSeed()}
	for i := range directoryParts {
		d.links[i].m = map[uint64]*link{}
		d.users[i].m = map[string][]*link{}
	}
	return d
}

func (d *directory) part(no uint64) *linkPart { return &d.links[no%directoryParts] }

func (d *directory) userPart(uid string) *userPart {
	return &d.users[maphash.String(d.seed, uid)%directoryParts]
}

func (d *directory) add(l *link) {
	p := d.part(l.no)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.m[l.no] = l
}

func (d *directory) remove(l *link) {
	p := d.part(l.no)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.m, l.no)
}

func (d *directory) find(no uint64) *link {
	p := d.part(no)
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.m[no]
}

// each calls f for every link, until f returns false. It sees no link twice, and all
// that are there all the while.
func (d *directory) each(f func(*link) bool) {
	var some []*link
	for i := range d.links {
		p := &d.links[i]
		some = some[:0]
		p.mu.RLock()
		for _, l := range p.m {
			some = append(some, l)
		}
		p.mu.RUnlock()
		for _, l := range some {
			if !f(l) {
				return
			}
		}
	}
}

// of returns the links that uid is bound to, oldest first.
func (d *directory) of(uid string) []*link {
	p := d.userPart(uid)
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.Clone(p.m[uid])
}

// bind makes l one of uid's, if the policy and the state of l allow it. It returns those
// who have to go because of it. Raced binds are decided in the order in which they get here.
func (d *directory) bind(l *link, uid string, policy Logins) (out []*link, err error) {
	p := d.userPart(uid)
	p.mu.Lock()
	defer p.mu.Unlock()
	have := p.m[uid]
	switch {
	case slices.Contains(have, l):
		return nil, nil
	case len(have) > 0 && policy == RefuseNewer:
		return nil, messages.NewError(messages.CodeConflict, "already logged in")
	}
	if err := l.setUser(uid); err != nil {
		return nil, err
	}
	if policy == KickOlder {
		out = slices.Clone(have)
	}
	p.m[uid] = append(have, l)
	return out, nil
}

// unbind takes l off uid's list.
func (d *directory) unbind(l *link, uid string) {
	p := d.userPart(uid)
	p.mu.Lock()
	defer p.mu.Unlock()
	if left := slices.DeleteFunc(p.m[uid], func(x *link) bool { return x == l }); len(left) > 0 {
		p.m[uid] = left
	} else {
		delete(p.m, uid)
	}
}

// count is how many users are bound.
func (d *directory) count() (users int) {
	for i := range d.users {
		p := &d.users[i]
		p.mu.RLock()
		users += len(p.m)
		p.mu.RUnlock()
	}
	return users
}
