package connectortest

import (
	"runtime"

	"github.com/fairlead-go/fairlead/connectors"
)

// deliveries are the promises of Deliverers.
var deliveries = []promise{
	{
		name: "a Take may use its Conn", check: takeUsesConn,
		text: "While a Take runs the Conn's other methods do not wait for it: Write, TryWrite, SetReadLimit, Transport, Close.",
	},
	{
		name: "Takes follow each other", check: takesFollow,
		text: "Frames come by one Take at a time: while one runs nothing else is brought, and afterwards the rest, in order.",
	},
	{
		name: "nothing is brought that is not wanted", check: notWanted,
		text: "After Take has returned false it is not called with frames again.",
	},
}

// deliverer skips a check for Conns that are read.
func (r *rig) deliverer(n *near) {
	r.Helper()
	if _, ok := n.conn.(connectors.Deliverer); !ok {
		r.Skip("the Conn is no Deliverer")
	}
}

// settle has all that a client has said to come in taken: what is taken next is what it says next.
func (n *near) settle(f *far) {
	n.Helper()
	f.trySend(f.client.Notify(echoRoute, body(0, 0)))
	n.wantRequest(0)
}

// pausing has the first Take with requests of a client wait, once it is armed.
func pausing(armed <-chan struct{}, during func(*near)) func(*near) {
	return func(n *near) {
		n.inspect = func(frames []connectors.Frame, _ error) {
			if len(frames) == 0 {
				return
			}
			select {
			case <-armed:
				during(n)
			default:
			}
		}
	}
}

func takeUsesConn(r *rig) {
	r.start()
	armed, over := make(chan struct{}, 1), make(chan struct{})
	f, n := r.client(pausing(armed, func(n *near) {
		defer close(over)
		r.within("SetReadLimit waited for a Take", "Sink", func() { n.conn.SetReadLimit(64 << 10) })
		r.within("Transport waited for a Take", "Sink", func() { _ = n.conn.Transport() })
		r.within("Write waited for a Take", "Sink", func() { _ = n.write(n.push(1, 0)) })
		if p, ok := n.conn.(connectors.Prompt); ok {
			r.within("TryWrite waited for a Take", "Sink", func() { _, _ = p.TryWrite([][]byte{n.push(2, 0)}) })
		}
		r.within("Close waited for a Take", "Sink", func() { n.conn.Close(connectors.Reason{}) })
	}))
	r.deliverer(n)
	f.listen()
	n.settle(f)
	armed <- struct{}{}
	f.trySend(f.client.Notify(echoRoute, body(1, 0)))
	if _, ok := next(6*r.Patience, over); !ok {
		r.broken("Deliverer", "Take was not called within %v of a client's message", 6*r.Patience)
	}
}

func takesFollow(r *rig) {
	r.start()
	armed, hold, held := make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	f, n := r.client(pausing(armed, func(*near) { close(held); <-hold }))
	r.deliverer(n)
	n.settle(f)
	armed <- struct{}{}
	const count = 40
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for number := 1; number <= count; number++ {
			f.trySend(f.client.Notify(echoRoute, body(number, 0)))
			runtime.Gosched()
		}
	}()
	if _, ok := next(r.Patience, held); !ok {
		r.broken("Deliverer", "Take was not called within %v of a client's message", r.Patience)
	}
	pass()
	close(hold)
	if r.NoOrder {
		return
	}
	n.wantRequests(1, count+1)
	<-sent
}

func notWanted(r *rig) {
	r.start()
	armed := make(chan struct{}, 1)
	f, n := r.client(pausing(armed, func(n *near) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.closing = &connectors.Reason{} // Take returns false
	}))
	r.deliverer(n)
	n.settle(f)
	armed <- struct{}{}
	f.trySend(f.client.Notify(echoRoute, body(1, 0)))
	n.wantRequest(1)
	for number := range 5 {
		f.trySend(f.client.Notify(echoRoute, body(number, 0)))
		apart()
	}
	pass() // Take itself says what is wrong
	f.hangUp()
	pass()
}
