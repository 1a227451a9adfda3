package actors

import (
	"strconv"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/fairlead-go/fairlead/connectors"
)

// BenchmarkLookup finds the target of a name, as for a client that has not just asked for the same one.
func BenchmarkLookup(b *testing.B) {
	r := router{table: map[string]*target{}}
	for i := range 32 {
		r.table["route"+strconv.Itoa(i)] = &target{pids: []*actor.PID{{}}}
	}
	for name, route := range map[string]string{
		"parts=2": "route7.say", "parts=6": "route7.a.b.c.d.e", "parts=2/nobody": "nobody.say",
	} {
		b.Run("routes=32/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = r.find(route)
			}
		})
	}
}

// BenchmarkSlots puts a request in flight and takes it out again, beside others.
func BenchmarkSlots(b *testing.B) {
	for _, others := range []int{0, 31} {
		b.Run("others="+strconv.Itoa(others), func(b *testing.B) {
			var s slots
			o := connectors.Origin{ID: 1, Route: "x.echo"}
			for range others {
				s.take(o, false, 64, 0)
			}
			b.ReportAllocs()
			for b.Loop() {
				s.release(s.take(o, false, 64, 0).seq)
			}
		})
	}
}

// sunk is an invoker that tells when it has handled so many messages.
type sunk struct {
	left int
	done chan struct{}
}

func (s *sunk) InvokeUserMessage(any) {
	if s.left--; s.left == 0 {
		s.done <- struct{}{}
	}
}

func (*sunk) InvokeSystemMessage(any)  {}
func (*sunk) EscalateFailure(_, _ any) {}

// BenchmarkMailbox is a message's way to its actor: on the sender's goroutine, as a socket's; or on a worker's, as a
// route's, which a lone message has to wake, and many do not.
func BenchmarkMailbox(b *testing.B) {
	q := newQueue()
	defer q.close(time.Minute)
	for name, bb := range map[string]struct {
		kind mailboxKind
		by   actor.Dispatcher
		run  int // messages that are sent before the sender waits for them
	}{
		"inline":        {mailboxKind{burst: socketBurst, turns: q}, inline{}, 1},
		"queue/run=1":   {mailboxKind{burst: routeBurst}, q, 1},
		"queue/run=16":  {mailboxKind{burst: routeBurst}, q, 16},
		"queue/run=256": {mailboxKind{burst: routeBurst}, q, 256},
	} {
		b.Run(name, func(b *testing.B) {
			end := &sunk{done: make(chan struct{}, 1)}
			m := newMailbox(&bb.kind)()
			m.RegisterHandlers(end, bb.by)
			var msg any = &actor.MessageEnvelope{}
			b.ReportAllocs()
			for b.Loop() {
				end.left = bb.run
				for range bb.run {
					m.PostUserMessage(msg)
				}
				<-end.done
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N*bb.run), "ns/message")
		})
	}
}

// BenchmarkOutbox has messages of one client wait, and takes them out for one write.
func BenchmarkOutbox(b *testing.B) {
	body := make([]byte, 64)
	for _, messages := range []int{1, 16, 256} {
		b.Run("messages="+strconv.Itoa(messages)+"/body=64", func(b *testing.B) {
			var o outbox
			b.ReportAllocs()
			for b.Loop() {
				for range messages {
					e := newEntry()
					e.bytes = append(e.bytes, body...)
					o.add(e)
				}
				control, out := o.take()
				_ = out.wire(control)
				o.keep(out.release())
				o.landed()
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N*messages), "ns/message")
		})
	}
}
