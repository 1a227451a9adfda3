package hybrid

import (
	"math"
	"net"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/internal/stream"
	"github.com/fairlead-go/fairlead/messages"
)

// webSocket is a client whose packages come in WebSocket messages.
type webSocket struct{ *stream.WebSocket }

var (
	_ connectors.Conn      = (*webSocket)(nil)
	_ connectors.Deliverer = (*polledSocket)(nil)
)

func newWebSocket(ws *stream.WebSocket) connectors.Conn {
	if !ws.Polls() {
		return &webSocket{ws}
	}
	return &polledSocket{webSocket{ws}}
}

// polledSocket is one that no goroutine needs to wait for.
type polledSocket struct{ webSocket }

// Deliver implements connectors.Deliverer.
func (s *polledSocket) Deliver(to connectors.Sink) { s.Wire.Deliver((*incoming)(s.WebSocket), to) }

// ReadFrames returns the messages that one read brought, or waits for more.
func (s *webSocket) ReadFrames() ([]connectors.Frame, error) {
	return s.Wire.ReadFrames((*incoming)(s.WebSocket))
}

// incoming is a WebSocket as its Cutter: empty text messages are nothing (P2.3).
type incoming stream.WebSocket

func (in *incoming) cutter() stream.Cutter { return (*stream.WebSocket)(in).Cutter() }

// Cut implements stream.Cutter.
func (in *incoming) Cut(b []byte, dst []connectors.Frame) (messages []connectors.Frame, rest []byte, err error) {
	for {
		messages, rest, err = in.cutter().Cut(b, dst)
		messages = slices.DeleteFunc(messages, isNothing)
		if len(messages) > len(dst) || len(rest) == 0 || err != nil {
			return messages, rest, err
		}
		b = rest
	}
}

// Pending implements stream.Cutter.
func (in *incoming) Pending() bool { return in.cutter().Pending() }

// Rest implements stream.Cutter.
func (in *incoming) Rest() { in.cutter().Rest() }

func isNothing(f connectors.Frame) bool { return f.Text && len(f.Data) == 0 }

// Write sends packages as one binary message, with one write.
func (s *webSocket) Write(packages net.Buffers) error {
	b := stream.Scrap()
	defer stream.GiveBack(b)
	*b = stream.AppendMessage(*b, packages...)
	return s.WebSocket.Write(*b)
}

// TryWrite is Write without waiting.
func (s *webSocket) TryWrite(packages net.Buffers) (taken, rest bool) {
	b := stream.Scrap()
	defer stream.GiveBack(b)
	*b = stream.AppendMessage(*b, packages...)
	return s.WebSocket.TryWrite(*b)
}

// Close tells the client why and ends the stream (P12.3).
func (s *webSocket) Close(r connectors.Reason) {
	r.Text = closeText(r)
	s.WebSocket.Close(nil, r)
}

// closeText is the reason as a browser sees it: a text, or with advice when to come back
// what a kick says (P12.3).
func closeText(r connectors.Reason) string {
	text := stream.CloseText(r)
	if r.RetryAfter <= 0 && r.Spread <= 0 {
		return text
	}
	for k := (&messages.Kick{Reason: text, RetryAfterMs: millis(r.RetryAfter), SpreadMs: millis(r.Spread)}); ; {
		b, err := pomelo.Codec{}.AppendKick(nil, k)
		if err == nil && len(b)-pomelo.HeaderLen <= websocket.MaxCloseText || k.Reason == "" {
			return string(b[pomelo.HeaderLen:])
		}
		_, last := utf8.DecodeLastRuneInString(k.Reason)
		k.Reason = k.Reason[:len(k.Reason)-last]
	}
}

// millis is d in milliseconds, and one if it is shorter.
func millis(d time.Duration) uint32 {
	return uint32(min((max(d, 0)+time.Millisecond-1)/time.Millisecond, math.MaxUint32))
}
