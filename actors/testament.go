package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
)

// lastWill routes what the protocol has kept for the end of its client. Nobody waits for an answer, so
// it takes no slots; what a full mailbox or an unknown route refuses is lost.
//
// The shard, who calls it, waits for nobody's Feed: where one is under way, a goroutine of the link's does.
func (l *link) lastWill(p connectors.Testator, r connectors.Reason) {
	if l.talk.TryLock() {
		l.bequeath(p, r)
		return
	}
	go func() {
		l.talk.Lock()
		l.bequeath(p, r)
	}()
}

// bequeath is called with talk held, and gives it back.
func (l *link) bequeath(p connectors.Testator, r connectors.Reason) {
	defer l.leave()
	var step connectors.Step
	l.guarded(func() {
		defer l.talk.Unlock()
		p.End(&step, r, time.Now())
	})
	session := l.who()
	for i := range step.Requests {
		in := &step.Requests[i]
		t := l.router.find(in.Route)
		if t == nil || !in.Notify {
			continue
		}
		in.Session = session
		if pid := l.aim(t, session, in).pid; pid != nil {
			l.root.Send(pid, &actor.MessageEnvelope{Message: in.Request, Sender: l.pid})
		}
	}
}
