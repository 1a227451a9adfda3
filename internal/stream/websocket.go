package stream

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// mostMessages is how many messages ReadFrames returns at once: what stands for a message in memory can be
// larger than it.
const mostMessages = 32

// WebSocket is a client on a WebSocket. Write, TryWrite and Interject of its Wire are for whole frames, as
// wire/websocket makes them.
type WebSocket struct {
	Wire
	reader websocket.Reader // the reader's

	last atomic.Pointer[[]byte] // the close frame that answers how the client's frames ended
}

// ReadFrames returns the messages that one read brought, or waits for more. Pings are answered here.
func (s *WebSocket) ReadFrames() ([]connectors.Frame, error) {
	return s.Wire.ReadFrames((*incoming)(s))
}

// Cutter is what ReadFrames cuts messages with.
func (s *WebSocket) Cutter() Cutter { return (*incoming)(s) }

// Transport is "websocket".
func (s *WebSocket) Transport() string { return "websocket" }

// incoming is a WebSocket as a Cutter.
type incoming WebSocket

// Cut implements Cutter. What is not a message that lies there whole waits until the messages before it have
// been dealt with: they may raise the limit (P3.5).
func (in *incoming) Cut(b []byte, dst []connectors.Frame) ([]connectors.Frame, []byte, error) {
	in.reader.SetLimit(in.ReadLimit())
	for len(b) > 0 && len(dst) < mostMessages && (len(dst) == 0 || in.reader.Whole(b)) {
		var msg websocket.Message
		var err error
		if msg, b, err = in.reader.Next(b); err != nil {
			return dst, nil, in.fail(err)
		}
		switch msg.Opcode {
		case websocket.Text, websocket.Binary:
			dst = append(dst, connectors.Frame{Data: msg.Data, Text: msg.Opcode == websocket.Text})
		case websocket.Ping:
			if err := in.pong(msg.Data); err != nil {
				return dst, nil, in.Wire.fail(err)
			}
		case websocket.Close:
			return dst, nil, in.end(msg.Data)
		}
	}
	return dst, b, nil
}

// Pending implements Cutter.
func (in *incoming) Pending() bool { return in.reader.Pending() }

// Rest implements Cutter.
func (in *incoming) Rest() { in.reader.Rest() }

func (in *incoming) pong(data []byte) error {
	b := Scrap()
	defer GiveBack(b)
	*b = append(websocket.AppendHead(*b, websocket.Pong, len(data)), data...)
	return in.Interject(*b)
}

// fail says by which close frame the client hears what is wrong.
func (in *incoming) fail(err error) error {
	var broken websocket.Error
	switch {
	case errors.Is(err, connectors.ErrTooLarge):
		in.answer(websocket.CloseTooLarge, "")
	case errors.As(err, &broken):
		in.answer(websocket.CloseProtocolError, string(broken))
	}
	return err
}

// end is what a close frame means: it is answered with its own code, or 1000.
func (in *incoming) end(payload []byte) error {
	code := websocket.CloseCode(payload)
	if code == websocket.CloseNoCode {
		code = websocket.CloseNormal
	}
	in.answer(code, "")
	return io.EOF
}

func (in *incoming) answer(code int, text string) {
	b := websocket.AppendClose(nil, code, text)
	in.last.Store(&b)
}

// AppendMessage appends the binary message that holds packages, if there are any.
func AppendMessage(dst []byte, packages ...[]byte) []byte {
	size := 0
	for _, p := range packages {
		size += len(p)
	}
	if size == 0 {
		return dst
	}
	dst = websocket.AppendHead(dst, websocket.Binary, size)
	for _, p := range packages {
		dst = append(dst, p...)
	}
	return dst
}
