package mqtt

import (
	"errors"
	"fmt"
	"net"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/internal/stream"
)

// errText ends a client that sends text messages: MQTT's are binary (MQTT-6.0.0-1).
var errText = fmt.Errorf("mqtt: text message: %w", connectors.ErrMalformed)

// webSocket is a client whose binary messages are one stream of bytes: a packet may span several.
type webSocket struct {
	*stream.WebSocket
	outlet

	// The reader's.
	packets  mqtt.Stream
	messages []connectors.Frame // that have not been looked at
	frames   []connectors.Frame
	err      error // that comes behind messages
}

// newWebSocket makes a client of an upgraded connection.
func newWebSocket(ws *stream.WebSocket, cfg *settings) *webSocket {
	return &webSocket{WebSocket: ws, outlet: outlet{cfg: cfg}}
}

// messageLimit is the largest message where a packet may have n bytes.
func messageLimit(n int) int { return 2 * n }

// SetReadLimit sets the largest packet accepted. A message may hold several.
func (s *webSocket) SetReadLimit(n int) { s.WebSocket.SetReadLimit(messageLimit(n)) }

// ReadFrames returns the packets that a message completes, or waits for more. The messages of one read are cut
// one at a time: a packet in several of them lies in memory that the next cut takes back.
func (s *webSocket) ReadFrames() (frames []connectors.Frame, err error) {
	for {
		for len(s.messages) > 0 {
			if frames, err = s.cut(); len(frames) > 0 || err != nil {
				return frames, err
			}
		}
		if s.err != nil {
			return nil, s.ended(s.err)
		}
		s.packets.Rest()
		if cap(s.frames) > framesKept {
			s.frames = nil
		}
		s.messages, s.err = s.WebSocket.ReadFrames()
	}
}

const (
	// pieceSize is how much of a message is cut at once, in bytes: as much as a read of TCP brings. What stands for
	// a packet in memory is larger than the least of them.
	pieceSize = 4 << 10
	// framesKept is the room for frames that a client keeps while it is idle.
	framesKept = 32
)

// cut cuts a piece of the next message.
func (s *webSocket) cut() ([]connectors.Frame, error) {
	m := &s.messages[0]
	piece := m.Data[:min(len(m.Data), pieceSize)]
	if m.Data = m.Data[len(piece):]; len(m.Data) == 0 {
		s.messages = s.messages[1:]
	}
	clear(s.frames)
	s.frames = s.frames[:0]
	err := error(errText)
	if !m.Text {
		s.packets.SetLimit(s.ReadLimit() / messageLimit(1))
		s.frames, err = s.packets.Feed(piece, s.frames)
	}
	if err != nil {
		s.messages, s.err = nil, err
		return s.frames, err
	}
	return s.frames, nil
}

// Write sends packages as one binary message, with one write.
func (s *webSocket) Write(packages net.Buffers) error {
	p, b := stream.Scrap(), stream.Scrap()
	defer stream.GiveBack(p)
	defer stream.GiveBack(b)
	var slow error
	*p, slow = s.pass(*p, packages)
	*b = stream.AppendMessage(*b, *p)
	return s.ended(errors.Join(s.WebSocket.Write(*b), slow))
}

// TryWrite is Write without waiting, for what needs no packet id.
func (s *webSocket) TryWrite(packages net.Buffers) (taken, rest bool) {
	if !s.free(packages) {
		return false, false
	}
	b := stream.Scrap()
	defer stream.GiveBack(b)
	*b = stream.AppendMessage(*b, packages...)
	return s.WebSocket.TryWrite(*b)
}

// Close ends the stream: it tells an MQTT 5 client why, and all of them in a close frame.
func (s *webSocket) Close(r connectors.Reason) {
	s.leave()
	b := stream.Scrap()
	defer stream.GiveBack(b)
	*b = stream.AppendMessage(*b, s.farewell(r))
	s.WebSocket.Close(*b, r)
}
