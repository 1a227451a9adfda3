package stream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
)

// Parts of a frame's head (RFC 6455, 5.2).
const (
	finText   = 0x80 | websocket.TextMessage
	finBinary = 0x80 | websocket.BinaryMessage
	finClose  = 0x80 | websocket.CloseMessage
	finPong   = 0x80 | websocket.PongMessage
	isMasked  = 0x80
	maxHead   = 14
)

// WebSocket is a client on a WebSocket. Write, TryWrite and Interject of its Wire are for whole frames, as
// wire/websocket makes them.
type WebSocket struct {
	Wire
	ws    *websocket.Conn
	heads *bufio.Reader // gorilla's reader of the wire: empty between frames, mostly

	// Owned by the reader.
	batch  *batch // what the last ReadFrames gave; nil while idle
	inside bool   // a message has begun, so what follows a ping belongs to it

	said   atomic.Bool  // gorilla has sent a close frame
	echoed atomic.Int64 // the code of the client's close frame
}

// ReadFrames returns the messages that one read brought, or waits for more.
// Pings are answered here.
func (s *WebSocket) ReadFrames() ([]connectors.Frame, error) {
	if !s.in.TryLock() {
		return nil, net.ErrClosed // Close has taken over
	}
	defer s.in.Unlock()
	defer s.settle()
	s.dropBatch()
	for {
		// Waiting here and not inside gorilla keeps the stack small.
		if s.unread() == 0 {
			s.begun = false
			if err := s.fill(); err != nil {
				return nil, err
			}
		}
		frames, err := s.messages()
		if err != nil {
			s.release() // frames lie elsewhere, and nothing more is read
		}
		if len(frames) > 0 || err != nil {
			return frames, err
		}
	}
}

// messages reads one message, and those behind it that are there as a whole, but not too
// many: what stands for a message in memory can be larger than it.
func (s *WebSocket) messages() ([]connectors.Frame, error) {
	for {
		f, err := s.message()
		if err != nil {
			return s.frames(), err
		}
		s.gather().frames = append(s.gather().frames, f)
		if len(s.frames()) == mostMessages || !s.wholeNext() {
			return s.frames(), nil
		}
	}
}

func (s *WebSocket) message() (connectors.Frame, error) {
	if f, ok := s.short(); ok {
		s.settle()
		return f, nil
	}
	s.ws.SetReadLimit(s.limit.Load())
	s.begun, s.inside = true, false
	kind, r, err := s.ws.NextReader()
	if err != nil {
		return connectors.Frame{}, s.ending(err)
	}
	s.begun, s.inside = true, true
	data, err := s.gather().readAll(r)
	if err != nil {
		return connectors.Frame{}, s.ending(err)
	}
	s.settle()
	return connectors.Frame{Data: data, Text: kind == websocket.TextMessage}, nil
}

// gather is where messages are put.
func (s *WebSocket) gather() *batch {
	if s.batch == nil {
		s.batch = batches.Get().(*batch)
	}
	return s.batch
}

func (s *WebSocket) frames() []connectors.Frame {
	if s.batch == nil {
		return nil
	}
	return s.batch.frames
}

func (s *WebSocket) dropBatch() {
	if s.batch != nil {
		s.batch.giveBack()
		s.batch = nil
	}
}

func (s *WebSocket) unread() int { return s.heads.Buffered() + len(s.rest) }

// ending says in our words why gorilla stopped reading.
func (s *WebSocket) ending(err error) error {
	var closed *websocket.CloseError
	switch {
	case s.err != nil:
		return s.err
	case errors.As(err, &closed):
		s.echoed.Store(int64(closed.Code))
		return io.EOF
	case errors.Is(err, websocket.ErrReadLimit):
		s.said.Store(true)
		return connectors.ErrTooLarge
	}
	s.said.Store(true)
	return fmt.Errorf("%w: %w", connectors.ErrMalformed, err)
}

// ponged is the ping handler.
func (s *WebSocket) ponged(data string) error {
	b := Scrap()
	defer GiveBack(b)
	*b = append(append(*b, finPong, byte(len(data))), data...)
	if err := s.Interject(*b); err != nil {
		return s.fail(err)
	}
	return s.pong(data)
}

// pong is the pong handler: behind a control frame the client may rest, unless a
// message has begun.
func (s *WebSocket) pong(string) error {
	s.begun = s.inside || s.unread() > 0
	if !s.begun {
		s.settle()
	}
	return nil
}

// Transport is "websocket".
func (s *WebSocket) Transport() string { return "websocket" }
