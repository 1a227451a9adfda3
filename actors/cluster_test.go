package actors_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// ensemble is a cluster that does what it is told, and remembers what it was asked.
type ensemble struct {
	refuses error // Begin
	begin   func(*actors.Running)

	tree  *actors.Running
	ended <-chan struct{}

	cutOff atomic.Bool

	mu     sync.Mutex
	claims []claim
	heard  []string
	others []*messages.Session // members on other nodes
}

// claim is what Claim was asked.
type claim struct {
	session *messages.Session
	uid     string
	done    func(error)
}

func (e *ensemble) Begin(r *actors.Running, ended <-chan struct{}) error {
	if e.tree, e.ended = r, ended; e.begin != nil {
		e.begin(r)
	}
	return e.refuses
}

func (e *ensemble) Standing() bool { return !e.cutOff.Load() }

func (e *ensemble) Claim(s *messages.Session, uid string, done func(error)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.claims = append(e.claims, claim{s, uid, done})
}

func (e *ensemble) note(what ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, strings.Join(what, " "))
}

// asked is the only claim that has not been decided.
func (e *ensemble) asked(t *testing.T) claim {
	t.Helper()
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.claims) != 1 {
		t.Fatalf("%d claims, want 1", len(e.claims))
	}
	c := e.claims[0]
	e.claims = nil
	return c
}

// notes are what it has heard since the last time.
func (e *ensemble) notes() string {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	s := strings.Join(e.heard, ", ")
	e.heard = nil
	return s
}

func (e *ensemble) Release(s *messages.Session) { e.note("release", s.Uid) }

func (e *ensemble) PushUsers(p *messages.Push, uids []string) error {
	e.note(append([]string{"push", p.Route}, uids...)...)
	return nil
}

func (e *ensemble) KickUser(uid, reason string) error { e.note("kick", uid, reason); return nil }

func (e *ensemble) Fanout(to *messages.Audience, p *messages.Push) error {
	e.note("fanout", to.Group, p.Route)
	return nil
}

func (e *ensemble) Members(context.Context, *messages.Audience) ([]*messages.Session, error) {
	return e.others, nil
}

func (e *ensemble) Join(group string, socket *actor.PID)  { e.note("join", group, socket.Id) }
func (e *ensemble) Leave(group string, socket *actor.PID) { e.note("leave", group, socket.Id) }

// joined makes a tree a node of e.
func joined(e *ensemble, tune func(*actors.Tree, *place)) func(*actors.Tree, *place) {
	return func(t *actors.Tree, p *place) {
		*e = ensemble{refuses: e.refuses, begin: e.begin}
		if t.Cluster = e; tune != nil {
			tune(t, p)
		}
	}
}

func TestAClusterHasTheTreeBeforeItsClients(t *testing.T) {
	e := &ensemble{begin: func(r *actors.Running) {
		if s := r.Stats(); s.Listeners[0].Accepting {
			t.Errorf("before Begin has returned: %+v", s.Listeners)
		}
	}}
	bubble(t, joined(e, nil), func(r *rig) {
		if e.tree != r.tree {
			t.Error("Begin was given another tree than Start has returned")
		}
		if err := r.tree.Ready(); err != nil {
			t.Errorf("Ready: %v", err)
		}
		r.tree.Stop()
		<-e.ended
	})
}

func TestAClusterMayRefuseTheTree(t *testing.T) {
	for name, e := range map[string]*ensemble{
		"by an error": {refuses: errors.New("no such luck")},
		"by a panic":  {begin: func(*actors.Running) { panic("no such luck") }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				system, at := actor.NewActorSystem(), newPlace()
				_, err := actors.Tree{Connectors: []connectors.Connector{at}, Routes: []actors.Route{account()}, Cluster: e}.Start(system)
				if err == nil || !strings.Contains(err.Error(), "no such luck") {
					t.Errorf("Start: %v", err)
				}
				<-e.ended
				<-at.closed
				time.Sleep(2 * system.Config.DeadLetterThrottleInterval)
			})
		})
	}
}

func TestAClusterMayStopTheTreeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, joined(&ensemble{begin: (*actors.Running).Stop}, nil))
		<-r.tree.Done()
		time.Sleep(2 * r.system.Config.DeadLetterThrottleInterval)
	})
}
