package connectortest

import (
	"sync"

	"github.com/fairlead-go/fairlead/messages"
)

// served are the promises that show in a whole server.
var served = []promise{
	{
		name: "a server answers in order", check: answersInOrder, needs: order,
		text: "In a server requests that are sent without waiting are answered, each once, in order.",
	},
	{
		name: "a server pushes in order", check: pushesInOrder, needs: order,
		text: "What a handler pushes arrives before what it answers, and all of it in the order of the requests.",
	},
	{
		name: "clients do not mix", check: clientsDoNotMix,
		text: "Many clients that ask at once get their own answers.",
	},
	{
		name: "a server is told of a client's end once", check: endIsTold, needs: streams,
		text: "When a client hangs up a server closes its socket once, because the client has left.",
	},
	{
		name: "what was sent before half a close is handled", check: handledBeforeHalfClose, needs: streams,
		text: "All that a client sends before it ends its half of the wire is handled by a server.",
	},
}

func answersInOrder(r *rig) {
	s := r.withServer(nil)
	f := s.enter()
	const count = 200
	go func() {
		for number := 2; number < count; number++ {
			f.trySend(f.client.Request(uint64(number), echoRoute, body(number, number%50)))
		}
	}()
	f.wantAll(Response, 2, count)
}

func pushesInOrder(r *rig) {
	s := r.withServer(nil)
	f := s.enter()
	const count = 40
	go func() {
		for number := 2; number < count; number++ {
			f.trySend(f.client.Request(uint64(number), "echo.push", body(number, 0)))
		}
	}()
	for number := 2; number < count; number++ {
		f.want(Push, number)
		f.want(Response, number)
	}
}

func clientsDoNotMix(r *rig) {
	s := r.withServer(nil)
	clients := make([]*far, 8)
	for i := range clients {
		clients[i] = s.enter()
	}
	var all sync.WaitGroup
	for i, f := range clients {
		all.Go(func() {
			for k := range 20 {
				number := 100*(i+1) + k
				f.trySend(f.client.Request(uint64(number), echoRoute, body(number, 0)))
				m, ok := f.next()
				if got, err := numberOf(m.Body); !ok || err != nil || got != number || m.ID != uint64(number) {
					s.broken("Conn", "a client asked %d and was answered %d with the id %d: clients are mixed up", number, got, m.ID)
					return
				}
			}
		})
	}
	all.Wait()
}

func endIsTold(r *rig) {
	s := r.withServer(nil)
	other, f := s.enter(), s.enter()
	f.hangUp()
	s.wantClosed(messages.CauseClient, messages.CauseNetwork)
	s.ask(other, 2)
}

func handledBeforeHalfClose(r *rig) {
	s := r.withServer(nil)
	f := s.enter()
	const count = 20
	before := s.handled.Load()
	for number := range count {
		f.send(f.client.Notify(echoRoute, body(number, 0)))
	}
	if !f.wire.closeWrite() {
		r.Skip("the wire has no halves")
	}
	all := func() bool { return s.handled.Load() == before+count }
	if !until(r.Patience, all) {
		r.broken("Conn", "%d of %d messages were handled that a client had sent before it ended its half of the wire", s.handled.Load()-before, count)
	}
	s.wantClosed(messages.CauseClient, messages.CauseNetwork)
}
