package sio

import (
	"cmp"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// seat is one session: a client's engine in one namespace, as a Conn.
type seat struct {
	engine    *engine
	namespace string
	id        string // what the client is told
	said      *said  // nil if nothing, and once the application has been told

	to   connectors.Sink // the engine's in guards it: sink, once it is known to be there
	left bool            // and this: it is not listened to any more

	// The engine's mu guards the rest.
	met     bool // it has been written to: the client knows whether it is in
	polled  bool // its first transport
	parted  bool // the client has left
	closed  bool // we have
	writing bool // a Write to the WebSocket is under way
	sink    connectors.Sink
	stalled time.Time // since when a Write waits for a GET
}

// said is what a client says of itself in a CONNECT.
type said struct {
	auth  []byte        // JSON; nil if nothing
	mode  socketio.Mode // that it asks for
	query url.Values
}

var (
	_ connectors.Conn      = (*seat)(nil)
	_ connectors.Deliverer = (*seat)(nil)
	_ connectors.Prompt    = (*seat)(nil)
	_ connectors.Meter     = (*seat)(nil)
)

// introduce says who the client is.
func (s *seat) introduce(connector string) socketio.Seat {
	e, from := s.engine, said{}
	if s.said != nil {
		from, s.said = *s.said, nil
	}
	transport := s.Transport()
	in := socketio.Seat{
		Version: e.version, Namespace: s.namespace, SID: s.id,
		Hello: connectors.Hello{
			Connector: connector, Transport: transport, RemoteAddr: e.remote,
			Type: "socket.io", Version: strconv.Itoa(int(e.version)), User: from.auth,
		},
	}
	e.mu.Lock()
	g := e.greeting
	if len(e.l.namespaces) == 1 {
		e.greeting = nil
	}
	e.mu.Unlock()
	if g == nil { // it has been here before, or the engine has ended
		g = &greeting{}
	}
	in.Mode = cmp.Or(from.mode, socketio.ModeOf(g.query.Get("mode")))
	in.Hello.Raw = g.raw(transport, s.namespace, from.auth, from.query)
	return in
}

// Deliver names who takes what comes.
func (s *seat) Deliver(to connectors.Sink) {
	e := s.engine
	e.mu.Lock()
	s.sink = to
	end, moved := e.end, s.polled && e.ws != nil
	e.wake()
	e.mu.Unlock()
	if moved {
		to.Moved()
	}
	if end != nil {
		to.Take(nil, end.err)
	}
}

// take hands over what the client has sent, for who holds in, and waits until it is handled.
func (s *seat) take(r *run) {
	if s.left {
		return
	}
	if s.to == nil {
		s.to = s.await(r)
	}
	s.left = s.to == nil || !r.take(s.to)
}

// await is where the session's frames go, as soon as that is known; nil if it has ended. Clients of Engine.IO 3
// may speak before they know that they are in: they wait until they have been told.
func (s *seat) await(r *run) connectors.Sink {
	e := s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for !s.closed && (s.sink == nil || !s.met && e.version == engineio.V3) {
		r.pause()
		e.wait()
	}
	if s.closed {
		return nil
	}
	return s.sink
}

// lose says that the engine has ended.
func (s *seat) lose(err error) {
	s.engine.mu.Lock()
	sink := s.sink
	s.engine.mu.Unlock()
	if sink != nil { // else Deliver says so
		sink.Take(nil, err)
	}
}

// moved says that the engine has another transport.
func (s *seat) moved() {
	s.engine.mu.Lock()
	sink := s.sink
	s.engine.mu.Unlock()
	if sink != nil { // else Deliver says so
		sink.Moved()
	}
}

// ReadFrames is not called: see Deliver.
func (s *seat) ReadFrames() ([]connectors.Frame, error) { return nil, net.ErrClosed }

// SetReadLimit does nothing: a limit holds for all that an engine is sent.
func (s *seat) SetReadLimit(int) {}

// Close ends the session. An engine without one ends too, but for one whose client has only left the
// namespace, and might come back.
func (s *seat) Close(r connectors.Reason) {
	e := s.engine
	e.mu.Lock()
	if s.closed {
		e.mu.Unlock()
		return
	}
	s.closed = true
	last := e.unseat(s)
	e.wake()
	writing := s.writing
	over, parted := e.end != nil, s.parted && r.Cause == messages.CauseClient
	e.mu.Unlock()
	if last {
		e.l.changed(e, 1, 0)
	}
	if writing {
		time.AfterFunc(time.Second, s.outlast)
	}
	switch {
	case over, parted && !e.l.closing():
	case last, abrupt(r.Cause):
		e.close(r, s.farewell(r))
	case !parted:
		if f := s.farewell(r); f != nil {
			e.mention(f)
		}
	}
}

// farewell tells a client that it is not wanted any more (P17.5): with it, it stays away. Without it comes
// back by itself, as one should whose server restarts, or who has been advised to.
func (s *seat) farewell(r connectors.Reason) []byte {
	if r.Cause != messages.CauseKicked && r.Cause != messages.CauseClosed || r.RetryAfter > 0 {
		return nil
	}
	return packet(socketio.Disconnect, s.namespace, "")
}

// Transport is "polling" or "websocket", whichever the client has now.
func (s *seat) Transport() string {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	if s.engine.ws == nil {
		return Polling
	}
	return WebSocket
}

// LocalAddr is where the client's handshake came to.
func (s *seat) LocalAddr() net.Addr { return s.engine.local }

// RemoteAddr is where it came from.
func (s *seat) RemoteAddr() net.Addr { return s.engine.remote }
