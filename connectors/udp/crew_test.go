package udp

import (
	"testing"
	"testing/synctest"

	"github.com/fairlead-go/fairlead/connectors"
)

// borrower is a sink whose handlers block on the goroutine that they are lent.
type borrower struct {
	goOn  chan struct{}
	taken int
}

func (b *borrower) Take([]connectors.Frame, error) bool { return true }
func (b *borrower) Moved()                              {}

func (b *borrower) TakeOn(turn *connectors.Turn, _ []connectors.Frame, _ error) bool {
	b.taken++
	turn.Add(func() { <-b.goOn })
	return true
}

// heard is a client of whom one heartbeat waits.
func heard(l *listener, to connectors.Sink) *conn {
	c := &conn{l: l, to: to, inbox: new(inbox), taken: true}
	c.inbox.add([]byte{3, 0, 0, 0})
	return c
}

func TestAHandlerThatBlocksHoldsUpNeitherOthersNorTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{crew: newCrew(), waiting: waiting{most: 1 << 20}}
		b := &borrower{goOn: make(chan struct{})}
		for range 10 {
			l.crew.schedule(heard(l, b))
			synctest.Wait()
		}
		if b.taken != 10 {
			t.Errorf("%d of 10 clients were brought while handlers block", b.taken)
		}
		l.crew.close() // or the bubble is stuck
		close(b.goOn)
	})
}
