package connectortest

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// endings are the promises of how Conns end, and of who may call them.
var endings = []promise{
	{
		name: "Close unblocks a reader", check: closeUnblocks,
		text: "Conn.Close unblocks ReadFrames, which returns an error then and ever after; it returns at once, and calling it again, also at the same time, does nothing.",
	},
	{
		name: "what was written arrives before the end", check: lastWords, needs: order,
		text: "What was written before Close reaches a client that takes it; then the client sees the end.",
	},
	{
		name: "the end of a client is told once", check: endOnce, needs: streams,
		text: "When a client hangs up, ReadFrames returns all that it has sent, and then an error, that is final: it is returned again. Take gets it once.",
	},
	{
		name: "half a close ends reading in good order", check: halfClose, needs: streams,
		text: "When a client ends its half of the wire, all that it has sent comes, then io.EOF.",
	},
	{
		name: "a Conn says where it is", check: addresses,
		text: "Transport is a word, LocalAddr and RemoteAddr are addresses, before Close and after it.",
	},
	{
		name: "Conns may be called from many goroutines", check: fromAnywhere,
		text: "While one goroutine reads and one writes, others call Close, SetReadLimit, Progress, Transport and the addresses.",
	},
}

func closeUnblocks(r *rig) {
	r.start()
	_, n := r.client()
	pass()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { n.conn.Close(connectors.Reason{Cause: messages.CauseClosed}) })
	}
	r.within("Conn.Close did not return", "Conn", all.Wait)
	if _, delivered := n.conn.(connectors.Deliverer); delivered {
		return
	}
	if _, ok := next(r.Patience, n.done); !ok {
		r.fatal("Conn", "Conn.Close did not unblock ReadFrames within %v", r.Patience)
	}
	r.wantFinal(n)
}

// wantFinal reads on behind the end.
func (r *rig) wantFinal(n *near) {
	r.Helper()
	for range 3 {
		var frames []connectors.Frame
		var err error
		if !r.within("ReadFrames, called again after its error, did not return", "Conn", func() { frames, err = n.conn.ReadFrames() }) {
			return
		}
		if len(frames) > 0 || err == nil {
			r.broken("Conn", "ReadFrames returned %d frames and the error %v after its error, which was to be final", len(frames), err)
		}
	}
}

func lastWords(r *rig) {
	r.start()
	f, n := r.client()
	const count = 50
	var batch net.Buffers
	for number := range count {
		batch = append(batch, n.push(number+1, 10))
	}
	if err := n.put(batch...); err != nil {
		r.fatal("Conn", "Write to a client that reads failed: %v", err)
	}
	n.conn.Close(connectors.Reason{Cause: messages.CauseKicked, Text: "enough"})
	for number := 1; number <= count; number++ {
		m, ok := f.next()
		if got, err := numberOf(m.Body); !ok || err != nil || got != number {
			r.fatal("Conn", "Close took from the client what was written before: it got %d of %d messages", number-1, count)
		}
	}
	if !r.NoEnd && !r.Datagrams && !f.end() {
		r.broken("Conn", "the client did not see the end within %v of Conn.Close", r.Patience)
	}
}

func endOnce(r *rig) {
	r.start()
	f, n := r.client()
	f.trySend(f.client.Notify(echoRoute, body(1, 0)), f.client.Notify(echoRoute, body(2, 0)))
	n.wantRequests(1, 3)
	f.hangUp()
	if _, ok := next(r.Patience, n.ended); !ok {
		r.fatal("Conn", "a client hung up, and ReadFrames did not return an error within %v", r.Patience)
	}
	if _, delivered := n.conn.(connectors.Deliverer); delivered {
		pass()
	} else {
		r.wantFinal(n)
	}
	if len(n.ended) > 0 {
		r.broken("Sink", "the end of a client was told again: %v", <-n.ended)
	}
}

func halfClose(r *rig) {
	r.start()
	f, n := r.client()
	f.trySend(f.client.Notify(echoRoute, body(1, 0)), f.client.Notify(echoRoute, body(2, r.large())))
	if !f.wire.closeWrite() {
		r.Skip("the wire has no halves")
	}
	n.wantRequests(1, 3)
	switch err, ok := next(r.Patience, n.ended); {
	case !ok:
		r.fatal("Conn", "a client ended its half of the wire, and ReadFrames did not return an error within %v", r.Patience)
	case !errors.Is(err, io.EOF):
		r.broken("Conn", "a client ended its half of the wire, and ReadFrames returned %v, want io.EOF", err)
	}
}

func addresses(r *rig) {
	r.start()
	_, n := r.client()
	for _, when := range []string{"of a client", "after Close"} {
		if n.conn.Transport() == "" {
			r.broken("Conn", "Transport %s is empty", when)
		}
		for which, a := range map[string]net.Addr{"LocalAddr": n.conn.LocalAddr(), "RemoteAddr": n.conn.RemoteAddr()} {
			if a == nil || a.Network() == "" {
				r.broken("Conn", "%s %s is %v: want an address", which, when, a)
			}
		}
		n.conn.Close(connectors.Reason{})
	}
}

// fromAnywhere is for the race detector.
func fromAnywhere(r *rig) {
	r.start()
	f, n := r.client()
	f.listen()
	stop := time.After(shortly)
	var all sync.WaitGroup
	all.Go(func() {
		for number := range 200 {
			f.trySend(f.client.Notify(echoRoute, body(number, 30)))
		}
	})
	all.Go(func() {
		for number := 0; n.write(n.push(number, 30)) == nil && number < 1000; number++ {
			continue
		}
	})
	for range 3 {
		all.Go(func() {
			for range 200 {
				n.conn.SetReadLimit(64 << 10)
				_, _, _ = n.conn.Transport(), n.conn.LocalAddr(), n.conn.RemoteAddr()
				if m, ok := n.conn.(connectors.Meter); ok {
					_, _ = m.Progress()
				}
			}
		})
	}
	all.Go(func() {
		<-stop
		n.conn.Close(connectors.Reason{Text: "in the middle"})
	})
	r.within("what was under way did not end after Conn.Close", "Conn", all.Wait)
}
