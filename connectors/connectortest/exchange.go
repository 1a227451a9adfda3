package connectortest

import (
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// exchange has the client ask, the server answer, and the server push: both ways are open.
func (r *rig) exchange(f *far, n *near) {
	r.Helper()
	const number = 77
	f.send(f.client.Request(number, echoRoute, body(number, 0)))
	n.answer(n.wantRequest(number))
	f.want(Response, number)
	if err := n.put(n.push(number+1, 0)); err != nil {
		n.broken("Conn", "Write to a client that reads failed: %v", err)
		return
	}
	f.want(Push, number+1)
}

// wantRequest waits for the request, or notify, with that body.
func (n *near) wantRequest(number int) connectors.Inbound {
	n.Helper()
	q, ok := next(n.Patience, n.requests)
	if !ok {
		n.fatal("Conn", "message %d of a client was not among what the Protocol was fed within %v%s", number, n.Patience, n.excuse())
	}
	switch got, err := numberOf(q.Body); {
	case err != nil:
		n.fatal("Protocol", "a request's body is not what its client sent: %v", err)
	case got != number:
		n.fatal("Conn", "message %d of a client came, where message %d was sent", got, number)
	case q.Route != echoRoute:
		n.fatal("Protocol", "a request's Route is %q, its client sent %q", q.Route, echoRoute)
	}
	return q
}

// excuse is what else is known of why nothing comes from a client.
func (n *near) excuse() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.replying:
		return ": a Write waits until the client reads; a wire holds some KiB that it has not read, one of net.Pipe holds none"
	case n.closing != nil:
		return fmt.Sprintf(": the Protocol has closed it, cause %v, %q", n.closing.Cause, n.closing.Text)
	}
	return ""
}

// wantRequests waits for those in a row.
func (n *near) wantRequests(from, to int) {
	n.Helper()
	for number := from; number < to; number++ {
		n.wantRequest(number)
	}
}

// answer answers a request with its own body.
func (n *near) answer(q connectors.Inbound) {
	n.Helper()
	if err := n.put(n.response(q)); err != nil {
		n.broken("Conn", "Write to a client that reads failed: %v", err)
	}
}

func (n *near) response(q connectors.Inbound) []byte {
	n.Helper()
	b, err := n.words().AppendResponse(nil, originOf(q), &messages.Response{Body: q.Body, Encoding: q.Encoding})
	if err != nil {
		n.fatal("Codec", "AppendResponse failed: %v", err)
	}
	return b
}

func originOf(q connectors.Inbound) connectors.Origin {
	return connectors.Origin{ID: q.Id, Route: q.Route, Tag: q.Tag}
}

// want waits for a message of a kind with that body. An answer's id is its body's number.
func (f *far) want(kind Kind, number int) {
	f.Helper()
	m, ok := f.next()
	if !ok {
		f.fatal("Conn", "a client did not get message %d, which was written to it, within %v", number, f.Patience)
	}
	got, err := numberOf(m.Body)
	switch {
	case err != nil:
		f.fatal("Codec", "a message's body is not what was sent: %v", err)
	case got != number || m.Kind != kind:
		f.fatal("Conn", "a client got %s %d, where %s %d was written", m.Kind, got, kind, number)
	case kind == Response && m.ID != uint64(number):
		f.fatal("Codec", "the answer to request %d has the id %d", number, m.ID)
	case kind == Push && m.Route != pushRoute:
		f.fatal("Codec", "a push to %q has the route %q", pushRoute, m.Route)
	}
}

// wantAll waits for pushes in a row.
func (f *far) wantAll(kind Kind, from, to int) {
	f.Helper()
	for number := from; number < to; number++ {
		f.want(kind, number)
	}
}

func (k Kind) String() string {
	switch k {
	case Response:
		return "response"
	case Push:
		return "push"
	case Kick:
		return "kick"
	}
	return "no kind of message"
}

// until polls until done is, and tells whether it was within a time.
func until(limit time.Duration, done func() bool) bool {
	end := time.After(limit)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			return done()
		}
	}
	return true
}
