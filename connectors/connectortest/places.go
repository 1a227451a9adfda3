package connectortest

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/fairlead-go/fairlead/connectors"
)

// places are the promises of Connectors and Listeners.
var places = []promise{
	{
		name: "a place is ready when Listen returns", check: ready,
		text: "Listen opens places that have an address, accept at once and are healthy; the connector has a name.",
	},
	{
		name: "Close ends Accept", check: closeEndsAccept,
		text: "Listener.Close unblocks Accept, which returns net.ErrClosed then and ever after; closing again is harmless.",
	},
	{
		name: "clients live on when the place closes", check: clientsLiveOn,
		text: "What was accepted before Listener.Close is served as before.",
	},
	{
		name: "clients may come in while the place closes", check: comeInWhileClosing, needs: streams,
		text: "Listener.Close ends Accept while clients come in, and hangs up on those that were not accepted.",
	},
	{
		name: "a connector can listen again", check: listenAgain,
		text: "After Listener.Close the same Connector can Listen again, as a server does that starts anew.",
	},
	{
		name: "a place is free after Close", check: placeIsFree, needs: another,
		text: "After Listener.Close, and Gone of a Lingerer, another Connector can listen at the place.",
	},
	{
		name: "a Listen that fails leaves nothing open", check: failedListen, needs: another,
		text: "Listen returns an error where somebody else listens, and leaves nothing behind that keeps it from succeeding later.",
	},
	{
		name: "Gone is told", check: gone,
		text: "A Lingerer closes Gone soon after Close and the end of its clients, and not before Close.",
	},
}

func ready(r *rig) {
	r.start()
	if r.connector.Name() == "" {
		r.broken("Connector", "Name is empty")
	}
	for _, l := range r.listeners {
		if a := l.Addr(); a == nil || a.Network() == "" || a.String() == "" {
			r.broken("Listener", "Addr is %v: want a network and an address", a)
		}
		if h, ok := l.(connectors.Health); ok && h.Health() != nil {
			r.broken("Health", "a fresh place is not healthy: %v", h.Health())
		}
	}
	r.exchange(r.client())
}

func closeEndsAccept(r *rig) {
	r.listen(r.New(r))
	for _, l := range r.listeners {
		ended := acceptUntilEnd(l)
		pass()
		r.within("Listener.Close did not return", "Listener", func() { _ = l.Close() })
		r.wantClosed(ended, "Listener.Close did not unblock Accept")
		r.wantClosed(acceptUntilEnd(l), "Accept after Close did not return")
		r.within("a second Listener.Close did not return", "Listener", func() { _ = l.Close() })
	}
}

// acceptUntilEnd accepts, and tells the first error that is final.
func acceptUntilEnd(l connectors.Listener) <-chan error {
	ended := make(chan error, 1)
	go func() {
		var err error
		for range 100 {
			var c connectors.Conn
			if c, err = l.Accept(); errors.Is(err, net.ErrClosed) {
				break
			}
			if err == nil {
				c.Close(connectors.Reason{})
			}
		}
		ended <- err
	}()
	return ended
}

func (r *rig) wantClosed(ended <-chan error, otherwise string) {
	r.Helper()
	switch err, ok := next(r.Patience, ended); {
	case !ok:
		r.fatal("Listener", "%s within %v", otherwise, r.Patience)
	case !errors.Is(err, net.ErrClosed):
		r.broken("Listener", "Accept returned %v after Close, want net.ErrClosed", err)
	}
}

func clientsLiveOn(r *rig) {
	r.start()
	f, n := r.client()
	r.exchange(f, n)
	r.closePlaces()
	r.exchange(f, n)
}

func (r *rig) closePlaces() {
	r.Helper()
	for _, l := range r.listeners {
		r.within("Listener.Close did not return", "Listener", func() { _ = l.Close() })
	}
}

// comeInWhileClosing: who has dialled is in, or hung up on.
func comeInWhileClosing(r *rig) {
	r.start()
	r.client()
	var coming sync.WaitGroup
	for range 8 {
		coming.Go(func() {
			for range 8 {
				f, err := r.tryDial()
				if err != nil {
					return
				}
				_ = f.client.Join()
			}
		})
	}
	met := make(chan struct{})
	go func() {
		defer close(met)
		for c := range r.conns {
			if c == nil {
				return
			}
			r.meet(c).start()
		}
	}()
	r.closePlaces()
	r.within("Listener.Close did not unblock Accept", "Listener", r.accepting.Wait)
	r.within("a client that came in while the Listener closed was neither served nor hung up on", "Listener", coming.Wait)
	r.conns <- nil
	<-met
}

func listenAgain(r *rig) {
	r.start()
	f, n := r.client()
	r.part(f, n)
	r.shut()
	r.listen(r.connector)
	r.serve()
	r.exchange(r.client())
}

// part ends a client in good order: it may have to fetch the end.
func (r *rig) part(f *far, n *near) {
	f.listen()
	n.hangUp()
	next(shortly, f.ended)
	f.hangUp()
}

// shut closes the places and waits until nothing is left of them.
func (r *rig) shut() {
	r.Helper()
	r.closePlaces()
	for _, l := range r.listeners {
		r.awaitGone(l)
	}
}

func (r *rig) awaitGone(l connectors.Listener) {
	r.Helper()
	if g, ok := l.(connectors.Lingerer); ok {
		if _, ok := next(2*r.Patience, g.Gone()); !ok {
			r.broken("Lingerer", "Gone was not closed within %v of Close and the end of all clients", 2*r.Patience)
		}
	}
}

func placeIsFree(r *rig) {
	r.start()
	f, n := r.client()
	r.exchange(f, n)
	r.part(f, n)
	r.shut()
	r.listen(r.At(r, r.place()))
	r.serve()
	r.exchange(r.client())
}

func failedListen(r *rig) {
	r.start()
	c := r.At(r, r.place())
	opened, err := c.Listen(context.Background())
	if err == nil {
		for _, l := range opened {
			_ = l.Close()
		}
		r.broken("Connector", "Listen succeeded at %v, where another connector listens", r.place())
		return
	}
	f, n := r.client()
	r.exchange(f, n)
	r.part(f, n)
	r.takeDown()
	for _, l := range r.listeners {
		r.awaitGone(l)
	}
	r.listen(c)
	r.serve()
	r.exchange(r.client())
}

func gone(r *rig) {
	r.start()
	l, ok := r.listeners[0].(connectors.Lingerer)
	if !ok {
		r.Skip("the Listener is no Lingerer")
	}
	f, n := r.client()
	if isClosed(l.Gone()) {
		r.broken("Lingerer", "Gone was closed before Close")
	}
	r.closePlaces()
	r.exchange(f, n)
	r.part(f, n)
	r.awaitGone(r.listeners[0])
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
