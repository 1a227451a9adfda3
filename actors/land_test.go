package actors_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/messages"
)

// lame is a client whose wire breaks with the first message.
type lame struct{ *end }

func (lame) Progress() (uint64, time.Time) { return 0, time.Time{} }
func (lame) Write(net.Buffers) error       { return errors.New("broken pipe") }

// A shard that waited for each of those who hang up in the middle of a broadcast would be deaf for long.
func TestAWireThatIsBrokenIsNotWaitedFor(t *testing.T) {
	bubbleOf(t, read, withGame, func(r *rig) {
		l := lame{r.newEnd()}
		r.enter(l, l.end)
		begin := time.Now()
		r.system.Root.Send(l.session.Socket, &messages.Push{Route: "x", Urgent: true})
		if got := next[*messages.Closed](t, r.events); time.Since(begin) != 0 || got.Unsent != 1 {
			t.Errorf("closed after %v with %d unsent", time.Since(begin), got.Unsent)
		}
	})
}

// prompt is a client that hangs up as soon as it has read something, before its server's write has come back.
type prompt struct{ *end }

func (prompt) Progress() (uint64, time.Time) { return 0, time.Time{} }

func (p prompt) Write(b net.Buffers) error {
	err := p.end.Write(b)
	p.in <- "EOF"
	<-time.After(time.Millisecond)
	return err
}

func TestWhoHangsUpUponAKickHasBeenKicked(t *testing.T) {
	bubbleOf(t, read, withGame, func(r *rig) {
		p := prompt{r.newEnd()}
		r.enter(p, p.end)
		r.system.Root.Send(p.session.Socket, &messages.Kick{Reason: "enough"})
		if got := next[*messages.Closed](t, r.events); got.Cause != messages.CauseKicked || got.Reason != "enough" || !got.Told {
			t.Errorf("closed: %v", got)
		}
	})
}
