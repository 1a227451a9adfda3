package hybrid

import (
	"bufio"
	"encoding/binary"
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

// webSocket is a client on a WebSocket. gorilla/websocket reads, from a wire, so
// that nothing but its small head buffer is held while idle; frames to the
// client are written past it, each with one write.
type webSocket struct {
	wire
	ws    *websocket.Conn
	heads *bufio.Reader // gorilla's reader of the wire: empty between frames, mostly
	limit atomic.Int64

	// Owned by the reader.
	batch  *batch // what the last ReadFrames gave; nil while idle
	inside bool   // a message has begun, so what follows a ping belongs to it

	said   atomic.Bool  // gorilla has sent a close frame
	echoed atomic.Int64 // the code of the client's close frame
}

var _ connectors.Conn = (*webSocket)(nil)

// ReadFrames returns the messages that one read brought, or waits for more.
// Pings are answered here. Empty text messages are nothing (P2.3).
func (s *webSocket) ReadFrames() ([]connectors.Frame, error) {
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
func (s *webSocket) messages() ([]connectors.Frame, error) {
	for {
		f, err := s.message()
		if err != nil {
			return s.frames(), err
		}
		if len(f.Data) > 0 || !f.Text {
			s.batch.frames = append(s.batch.frames, f)
		}
		if len(s.frames()) == mostMessages || !s.wholeNext() {
			return s.frames(), nil
		}
	}
}

func (s *webSocket) message() (connectors.Frame, error) {
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
func (s *webSocket) gather() *batch {
	if s.batch == nil {
		s.batch = batches.Get().(*batch)
	}
	return s.batch
}

func (s *webSocket) frames() []connectors.Frame {
	if s.batch == nil {
		return nil
	}
	return s.batch.frames
}

func (s *webSocket) dropBatch() {
	if s.batch != nil {
		s.batch.giveBack()
		s.batch = nil
	}
}

func (s *webSocket) unread() int { return s.heads.Buffered() + len(s.rest) }

// ending says in our words why gorilla stopped reading.
func (s *webSocket) ending(err error) error {
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
func (s *webSocket) ponged(data string) error {
	b := scraps.Get().(*[]byte)
	defer giveBack(b)
	*b = append(append(*b, finPong, byte(len(data))), data...)
	if err := s.interject(*b); err != nil {
		return s.fail(err)
	}
	return s.pong(data)
}

// pong is the pong handler: behind a control frame the client may rest, unless a
// message has begun.
func (s *webSocket) pong(string) error {
	s.begun = s.inside || s.unread() > 0
	if !s.begun {
		s.settle()
	}
	return nil
}

// SetReadLimit makes ReadFrames refuse messages over n bytes. It takes hold with
// the message read next.
func (s *webSocket) SetReadLimit(n int) { s.limit.Store(int64(n)) }

// Write sends packages as one binary message, with one write.
func (s *webSocket) Write(packages net.Buffers) error {
	b := scraps.Get().(*[]byte)
	defer giveBack(b)
	*b = appendMessage(*b, packages)
	_, err := s.wire.Write(*b)
	return err
}

// TryWrite is Write without waiting.
func (s *webSocket) TryWrite(packages net.Buffers) (taken, rest bool) {
	b := scraps.Get().(*[]byte)
	defer giveBack(b)
	*b = appendMessage(*b, packages)
	return s.prompt(*b)
}

// appendMessage appends the binary message that holds packages, if there are any.
func appendMessage(dst []byte, packages net.Buffers) []byte {
	size := 0
	for _, p := range packages {
		size += len(p)
	}
	if size == 0 {
		return dst
	}
	dst = appendHead(dst, size)
	for _, p := range packages {
		dst = append(dst, p...)
	}
	return dst
}

// appendHead appends the head of a binary message in one frame, unmasked as a
// server's are.
func appendHead(dst []byte, size int) []byte {
	switch {
	case size <= 125:
		return append(dst, finBinary, byte(size))
	case size <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, finBinary, 126), uint16(size))
	}
	return binary.BigEndian.AppendUint64(append(dst, finBinary, 127), uint64(size))
}

// Transport is "websocket".
func (s *webSocket) Transport() string { return "websocket" }
