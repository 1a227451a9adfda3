package udp_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/udp"
)

// debtor is a sink that leaves something in the turn, while its client goes on sending.
type debtor struct {
	*session
	goesOn func()

	takes, before atomic.Int64 // before: at the time when it was done
}

func (d *debtor) TakeOn(turn *connectors.Turn, frames []connectors.Frame, err error) bool {
	if d.takes.Add(1) == 1 {
		turn.Add(func() { d.before.Store(d.takes.Load()) })
	}
	if d.takes.Load() < 100 {
		d.goesOn()
		<-time.After(time.Millisecond)
	}
	return d.session.Take(frames, err)
}

// What a turn has to be done is others' as well: it does not wait until a client is silent.
func TestATurnDoesNotWaitForAClientThatGoesOn(t *testing.T) {
	bubble(t, &udp.Connector{}, func(r *rig) {
		p := r.net.join(host(1))
		r.shake(p)
		d := &debtor{session: <-r.sessions, goesOn: func() { p.say(ask(1, `{}`)) }}
		d.Conn.(connectors.Deliverer).Deliver(d)
		p.say(ask(1, `{}`))
		time.Sleep(time.Second)
		synctest.Wait()
		if n := d.before.Load(); n == 0 || n > 10 {
			t.Errorf("done after %d takes", n)
		}
		d.end(connectors.Reason{})
	})
}
