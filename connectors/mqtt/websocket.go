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
	messages []connectors.Frame // of the last read
	seen     int                // of these
	err      error              // that comes behind them
}

// newWebSocket makes a client of an upgraded connection.
func newWebSocket(ws *stream.WebSocket, cfg *settings) client {
	s := &polledSocket{webSocket{WebSocket: ws, outlet: outlet{cfg: cfg}}}
	if !ws.Polls() {
		return &s.webSocket
	}
	return s
}

// polledSocket is one that no goroutine needs to wait for.
type polledSocket struct{ webSocket }

// Deliver implements connectors.Deliverer.
func (s *polledSocket) Deliver(to connectors.Sink) { s.Wire.Deliver(&s.webSocket, to) }

// messageLimit is the largest message where a packet may have n bytes.
func messageLimit(n int) int { return 2 * n }

// SetReadLimit sets the largest packet accepted. A message may hold several.
func (s *webSocket) SetReadLimit(n int) { s.WebSocket.SetReadLimit(messageLimit(n)) }

// ReadFrames returns the packets that a message completes, or waits for more.
func (s *webSocket) ReadFrames() ([]connectors.Frame, error) {
	frames, err := s.Wire.ReadFrames(s)
	return frames, s.ended(err)
}

const (
	// pieceSize is how much of a message is cut at once, in bytes: as much as a read of TCP brings. What stands for
	// a packet in memory is larger than the least of them.
	pieceSize = 4 << 10
	// messagesKept is the room for messages that a client keeps while it is idle.
	messagesKept = 4
)

// Cut implements stream.Cutter. The messages of one read are cut one at a time: a packet in several of them lies in
// memory that the next cut takes back.
func (s *webSocket) Cut(b []byte, dst []connectors.Frame) (packets []connectors.Frame, rest []byte, err error) {
	for {
		for s.seen < len(s.messages) {
			if packets, err = s.cut(dst); len(packets) > len(dst) || err != nil {
				return packets, b, err
			}
		}
		if s.err != nil || len(b) == 0 {
			return dst, nil, s.err
		}
		s.forget()
		s.messages, b, s.err = s.Cutter().Cut(b, s.messages)
	}
}

// Pending implements stream.Cutter.
func (s *webSocket) Pending() bool {
	return s.seen < len(s.messages) || s.err != nil || s.Cutter().Pending()
}

// Rest implements stream.Cutter.
func (s *webSocket) Rest() {
	s.packets.Rest()
	if s.seen == len(s.messages) {
		s.forget()
	}
}

// forget gives up messages that have been looked at.
func (s *webSocket) forget() {
	s.Cutter().Rest()
	clear(s.messages)
	if s.messages, s.seen = s.messages[:0], 0; cap(s.messages) > messagesKept {
		s.messages = nil
	}
}

// cut cuts a piece of the next message.
func (s *webSocket) cut(dst []connectors.Frame) ([]connectors.Frame, error) {
	m := &s.messages[s.seen]
	if m.Text {
		return dst, errText
	}
	piece := m.Data[:min(len(m.Data), pieceSize)]
	if m.Data = m.Data[len(piece):]; len(m.Data) == 0 {
		s.seen++
	}
	s.packets.SetLimit(s.ReadLimit() / messageLimit(1))
	return s.packets.Feed(piece, dst)
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
