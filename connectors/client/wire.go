package client

import (
	"bytes"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	frame "github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// wire carries whole frames. One goroutine reads and one writes; close may be
// called by any, and ends both.
type wire interface {
	// read waits for frames. They are valid until the next call; the error, if
	// any, comes after them.
	read() ([]connectors.Frame, error)
	// write sends what its talk makes, several of them one behind the other.
	write(frames []byte) error
	// bye tells the server that close is next, where the wire can, until then.
	bye(by time.Time)
	close() error
}

const readBuffer = 4 << 10

// stream is a wire over bytes in order.
type stream struct {
	conn   net.Conn
	buf    []byte
	cut    pomelo.Stream
	frames []connectors.Frame
}

func (s *stream) read() ([]connectors.Frame, error) {
	if s.buf == nil {
		s.buf = make([]byte, readBuffer)
	}
	for {
		n, err := s.conn.Read(s.buf)
		frames, bad := s.cut.Feed(s.buf[:n], s.frames[:0])
		if bad != nil {
			err = bad
		}
		if s.frames = frames; len(frames) > 0 || err != nil {
			return frames, err
		}
	}
}

func (s *stream) write(packages []byte) error {
	_, err := s.conn.Write(packages)
	return err
}

func (s *stream) bye(time.Time) {}
func (s *stream) close() error  { return s.conn.Close() }

// socket is a wire over WebSocket messages. The server's may hold several
// packages (P2.4), ours hold one (P2.3).
type socket struct {
	conn   *websocket.Conn
	buf    bytes.Buffer
	frames []connectors.Frame
}

func (s *socket) read() ([]connectors.Frame, error) {
	f, err := s.next()
	if err != nil {
		return nil, err
	}
	s.frames = s.frames[:0]
	for b := f.Data; len(b) > 0; {
		_, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			return s.frames, err
		}
		s.frames = append(s.frames, connectors.Frame{Data: b[:len(b)-len(rest)]})
		b = rest
	}
	return s.frames, nil
}

// next is the server's next message.
func (s *socket) next() (connectors.Frame, error) {
	typ, r, err := s.conn.NextReader()
	if err != nil {
		return connectors.Frame{}, err
	}
	s.buf.Reset()
	if _, err := s.buf.ReadFrom(r); err != nil {
		return connectors.Frame{}, err
	}
	return connectors.Frame{Data: s.buf.Bytes(), Text: typ == websocket.TextMessage}, nil
}

func (s *socket) write(packages []byte) error {
	for b := packages; len(b) > 0; {
		_, rest, err := pomelo.DecodePackage(b)
		if err != nil {
			return err
		}
		if err := s.conn.WriteMessage(websocket.BinaryMessage, b[:len(b)-len(rest)]); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

func (s *socket) bye(by time.Time) {
	s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), by)
}

func (s *socket) close() error { return s.conn.Close() }

// engine is a wire over WebSocket messages that are one packet each. What it writes has engineio's
// form.
type engine struct {
	socket
	one [1]connectors.Frame
}

func (e *engine) read() (_ []connectors.Frame, err error) {
	if e.one[0], err = e.next(); err != nil {
		return nil, err
	}
	return e.one[:], nil
}

func (e *engine) write(frames []byte) error {
	for b := frames; len(b) > 0; {
		_, packet, rest, ok := frame.Cut(b)
		if !ok {
			return socketio.ErrState
		}
		if err := e.conn.WriteMessage(websocket.TextMessage, packet); err != nil {
			return err
		}
		b = rest
	}
	return nil
}
