package sio

import (
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/internal/stream"
)

// most is how many bytes wait for a GET, at least, before a Write does: for a client that polls, they are
// what a kernel's send buffer is for others.
const most = 32 << 10

// Write sends packages in order.
func (s *seat) Write(packages net.Buffers) error {
	b := stream.Scrap()
	defer stream.GiveBack(b)
	*b = s.engine.wire(socketio.Join(*b, packages, s.namespace))
	ws, err := s.put(*b)
	if ws == nil {
		return err
	}
	defer s.engine.written(s)
	return ws.Write(*b)
}

// TryWrite is Write without waiting.
func (s *seat) TryWrite(packages net.Buffers) (taken, rest bool) {
	b := stream.Scrap()
	defer stream.GiveBack(b)
	*b = s.engine.wire(socketio.Join(*b, packages, s.namespace))
	e := s.engine
	e.mu.Lock()
	s.meet()
	ws, busy := e.ws, e.writing || s.closed
	if taken = ws == nil && e.end == nil && !s.closed && len(e.out) < most; taken {
		e.push(*b)
	}
	e.mu.Unlock()
	if ws != nil && !busy {
		return ws.TryWrite(*b)
	}
	return taken, false
}

// put lets frames wait for a GET, as soon as there is room, or returns the WebSocket that they are to be
// written to, when nobody else does: written is to be called then.
func (s *seat) put(frames []byte) (*stream.WebSocket, error) {
	e := s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { s.stalled = time.Time{} }()
	s.meet()
	for {
		switch {
		case e.end != nil, s.closed:
			return nil, net.ErrClosed
		case e.ws != nil && !e.writing:
			e.writing, s.writing = true, true
			return e.ws, nil
		case e.ws == nil && len(e.out) < most:
			e.push(frames)
			return nil, nil
		}
		if s.stalled.IsZero() {
			s.stalled = time.Now()
		}
		e.wait()
	}
}

// written lets the next one write. s is nil where no session did.
func (e *engine) written(s *seat) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.after) > 0 && e.end == nil {
		after := e.after
		e.after = nil
		e.mu.Unlock()
		_ = e.ws.Write(after) // who reads learns of an error
		e.mu.Lock()
	}
	e.writing = false
	if s != nil {
		s.writing = false
	}
	e.wake()
}

// outlast ends the engine if a session that has closed still writes a while later: its client does not read.
func (s *seat) outlast() {
	e := s.engine
	e.mu.Lock()
	writing := s.writing
	e.mu.Unlock()
	if writing {
		e.fail(connectors.ErrSlow)
	}
}

// meet is called with mu held, when a session writes: what comes first lets its client in, or does not.
func (s *seat) meet() {
	if !s.met {
		s.met = true
		s.engine.wake()
	}
}

// push is called with mu held.
func (e *engine) push(frames []byte) {
	e.out = append(e.out, frames...)
	e.taken += uint64(len(frames))
	e.serve()
}

// Progress tells how a Write gets on.
func (s *seat) Progress() (taken uint64, stalled time.Time) {
	e := s.engine
	e.mu.Lock()
	ws, taken, stalled := e.ws, e.taken, s.stalled
	e.mu.Unlock()
	if ws != nil {
		n, since := ws.Progress()
		return taken + n, since
	}
	return taken, stalled
}

// wire is frames as the client can take them.
func (e *engine) wire(frames []byte) []byte {
	if e.b64 {
		return e.version.AppendBase64(nil, frames)
	}
	return frames
}
