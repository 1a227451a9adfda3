package connectortest

import (
	"context"
	"sync"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// leavings are the promises of how a server lets go of clients.
var leavings = []promise{
	{
		name: "a kick before the handshake", check: kickBefore,
		text: "A client that has said nothing yet can be kicked: its wire ends, once.",
	},
	{
		name: "a kick during the handshake", check: kickDuring, needs: asked,
		text: "A client can be kicked while the application is asked whether it may come in: its wire ends, once.",
	},
	{
		name: "a kick, and a second one", check: kickTwice,
		text: "A kicked client gets what was sent before, the kick, and the end; it ends once, also when it is kicked twice.",
	},
	{
		name: "a kick of a client that does not read", check: kickStuck, needs: streams,
		text: "A kicked client that reads nothing is let go of soon all the same, while others are served.",
	},
	{
		name: "a slow client is closed as slow", check: slowClient, needs: streams,
		text: "A server closes a client that does not read what it is pushed, as slow, while others are served.",
	},
	{
		name: "a server stops while clients come in", check: stopWhileComing,
		text: "A server stops while clients dial, shake hands and ask; it takes no longer for that, and nothing is left.",
	},
}

func asked(h Harness) (missing string) {
	if h.NoHello {
		return "clients come in unasked"
	}
	return ""
}

func kickBefore(r *rig) {
	s := r.withServer(nil)
	f := r.dial()
	pid := s.socket(shortly)
	if pid == nil {
		r.Skip("clients of this wire are not there before they speak")
	}
	s.kick(pid)
	s.wantClosed(messages.CauseKicked)
	s.wantHungUp(f)
}

// wantHungUp waits until a client that is not in sees the end.
func (s *server) wantHungUp(f *far) {
	s.Helper()
	if s.NoEnd || s.Datagrams {
		return
	}
	s.within("a kicked client did not see the end", "Conn", func() {
		for _, err := f.client.Next(); err == nil; {
			_, err = f.client.Next()
		}
	})
}

func kickDuring(r *rig) {
	come, release := make(chan struct{}, 1), make(chan struct{})
	defer close(release)
	s := r.withServer(func(ctx context.Context, _ *connectors.Hello) (any, error) {
		come <- struct{}{}
		select {
		case <-ctx.Done():
		case <-release:
		}
		return nil, ctx.Err()
	})
	f := r.dial()
	joined := f.joining()
	if _, ok := next(r.Patience, come); !ok {
		r.fatal("Step", "the application was not asked about a client within %v: no Step has set Hello", r.Patience)
	}
	s.kick(s.wantSocket())
	s.wantClosed(messages.CauseKicked)
	if r.NoEnd || r.Datagrams {
		return
	}
	switch err, ok := next(r.Patience, joined); {
	case !ok:
		r.broken("Conn", "a client that was kicked during the handshake did not see the end within %v", r.Patience)
	case err == nil: // it thinks it is in, and learns of it now
		s.wantHungUp(f)
	}
}

func kickTwice(r *rig) {
	s := r.withServer(nil)
	f := s.enter()
	pid := s.wantSocket()
	s.system.Root.Send(pid, &messages.Push{Route: pushRoute, Body: body(7, 0)})
	s.kick(pid)
	s.kick(pid)
	if !r.NoOrder {
		f.want(Push, 7)
	}
	if !r.NoKick && !r.NoOrder {
		switch m, ok := f.next(); {
		case !ok:
			r.broken("Codec", "a kicked client got nothing where the kick was due: Harness.NoKick is for wires without one")
		case m.Kind != Kick:
			r.broken("Codec", "a kicked client got %s where the kick was due", m.Kind)
		}
	}
	if !r.NoEnd && !r.Datagrams && !f.end() {
		r.broken("Conn", "a kicked client did not see the end within %v", r.Patience)
	}
	s.wantClosed(messages.CauseKicked)
}

// flood pushes to a client that does not read, until it is closed or much has been pushed.
func (s *server) flood() (stop func()) {
	s.Helper()
	pid := s.wantSocket()
	over, ended := make(chan struct{}), make(chan struct{})
	b := body(1, s.large())
	go func() {
		defer close(ended)
		for range 4096 { // some 80 MiB
			s.system.Root.Send(pid, &messages.Push{Route: pushRoute, Body: b, Lossy: true})
			select {
			case <-over:
				return
			case <-time.After(100 * time.Microsecond):
			}
		}
	}()
	return func() { close(over); <-ended }
}

func kickStuck(r *rig) {
	s := r.withServer(nil)
	s.enterSilently()
	stop := s.flood()
	pid := s.wantSocket()
	<-time.After(2 * shortly)
	stop()
	s.kick(pid)
	other := s.enter()
	s.ask(other, 2)
	s.wantClosed(messages.CauseKicked, messages.CauseSlow)
}

// enterSilently is a client that is in, and does not read.
func (s *server) enterSilently() {
	s.Helper()
	f := s.dial()
	if err, ok := next(s.Patience, f.joining()); !ok || err != nil {
		s.fatal("Protocol", "a client did not come in within %v (%v)", s.Patience, err)
	}
	handled := s.handled.Load()
	f.send(f.client.Notify(echoRoute, body(1, 0)))
	until(s.Patience, func() bool { return s.handled.Load() > handled })
}

func slowClient(r *rig) {
	s := r.withServer(nil)
	s.enterSilently()
	stop := s.flood()
	defer stop()
	s.wantClosed(messages.CauseSlow)
	s.ask(s.enter(), 2)
}

// stopWhileComing stops twice: a connector is started again by the next server.
func stopWhileComing(r *rig) {
	s := r.withServer(nil)
	var coming sync.WaitGroup
	stopped := make(chan struct{})
	for range 4 {
		coming.Go(func() { s.comeAndGo(stopped) })
	}
	<-time.After(shortly)
	s.within("the server did not stop while clients came in", "Listener", s.fairlead.Stop)
	close(stopped)
	for _, f := range s.clients() {
		f.hangUp()
	}
	s.within("a client was left hanging when the server had stopped", "Listener", coming.Wait)
}

// comeAndGo comes in, asks and leaves, until it cannot.
func (s *server) comeAndGo(stopped <-chan struct{}) {
	for !isClosed(stopped) {
		f, err := s.tryDial()
		if err != nil || f.client.Join() != nil {
			return
		}
		f.trySend(f.client.Request(1, echoRoute, body(1, 0)))
		_, _ = f.client.Next()
		f.hangUp()
	}
}
