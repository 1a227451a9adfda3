package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
)

// lastWill routes what the protocol has kept for the end of its client. Nobody waits for an answer, so
// it takes no slots; what a full mailbox or an unknown route refuses is lost.
func (l *link) lastWill(r connectors.Reason) {
	p, ok := l.proto.(connectors.Testator)
	if !ok {
		return
	}
	var step connectors.Step
	l.guarded(func() { l.speak(func() { p.End(&step, r, time.Now()) }) })
	session := l.session.Load()
	for _, in := range step.Requests {
		t := l.router.find(in.Route)
		if t == nil || !in.Notify {
			continue
		}
		in.Session = session
		if pid := l.choose(t, session, in.Route); pid != nil {
			l.root.Send(pid, &actor.MessageEnvelope{Message: in.Request, Sender: l.pid})
		}
	}
}
