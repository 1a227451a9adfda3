package actors

import (
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// resume lets a failed child go on with its next message. It is how everything
// is supervised that owns what others use: a restart would stop its children.
// The value is comparable and has no state, so that all trees of one system share a guardian.
type resume struct{}

func (resume) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	published(sys, child, reason, actor.ResumeDirective)
	sup.ResumeChildren(child)
}

// backoff restarts a failed child for ever, each time a little later: the
// engine's own strategy of that name is linear and has no jitter to speak of.
type backoff struct {
	Backoff
	later func(d time.Duration, restart func())
}

func (b backoff) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, _ any) {
	switch {
	case rs.NumberOfFailures(b.Calm) == 0:
		rs.Reset()
	case rs.FailureCount() >= 64: // the delay has long been the longest: forget some
		rs.Reset()
		for range 32 {
			rs.Fail()
		}
	}
	rs.Fail()
	published(sys, child, reason, actor.RestartDirective)
	b.later(b.delay(rs.FailureCount()), func() { sup.RestartChildren(child) })
}

// delay before the n-th restart in a row: doubled each time, and up to a quarter more or less.
func (b backoff) delay(n int) time.Duration {
	d := b.First
	for i := 1; i < n && d < b.Most; i++ {
		d *= 2
	}
	d = min(d, b.Most)
	return d - d/4 + rand.N(d/2+1)
}

// restarts allows few restarts within a time, then asks gaveUp and stops the child.
type restarts struct {
	Intensity
	gaveUp func(child *actor.PID, reason any)
}

func (r restarts) HandleFailure(sys *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, rs *actor.RestartStatistics, reason, _ any) {
	rs.Fail()
	if r.Most < 0 || rs.NumberOfFailures(r.Within) < r.Most {
		published(sys, child, reason, actor.RestartDirective)
		sup.RestartChildren(child)
		return
	}
	rs.Reset()
	r.gaveUp(child, reason)
	published(sys, child, reason, actor.StopDirective)
	sup.StopChildren(child)
}

func published(sys *actor.ActorSystem, child *actor.PID, reason any, d actor.Directive) {
	publish(sys, &actor.SupervisorEvent{Child: child, Reason: reason, Directive: d})
}
