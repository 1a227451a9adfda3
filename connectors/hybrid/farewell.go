package hybrid

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// maxReason is what a close frame holds beside its code.
const maxReason = 123

// Close tells the client why and ends the stream (P12.3).
func (s *webSocket) Close(r connectors.Reason) { s.hangup(s.farewell(r)) }

// farewell is the close frame that is due: the client's own echoed, or ours.
func (s *webSocket) farewell(r connectors.Reason) []byte {
	switch code := s.echoed.Load(); {
	case s.said.Load():
		return nil
	case code == websocket.CloseNoStatusReceived:
		return closeFrame(websocket.CloseNormalClosure, "")
	case code != 0:
		return closeFrame(int(code), "")
	}
	return closeFrame(closeCode(r.Cause), closeText(r))
}

// closeCode is the number that a browser sees (P12.3): pomelo's own 1000 where pomelo closes too.
func closeCode(c messages.Cause) int {
	switch c {
	case messages.CauseStopping:
		return websocket.CloseGoingAway
	case messages.CauseDraining:
		return websocket.CloseServiceRestart
	case messages.CauseOverloaded:
		return websocket.CloseTryAgainLater
	case messages.CauseTooLarge:
		return websocket.CloseMessageTooBig
	case messages.CauseSlow, messages.CauseOffending:
		return websocket.ClosePolicyViolation
	case messages.CauseFailed:
		return websocket.CloseInternalServerErr
	}
	return websocket.CloseNormalClosure
}

// closeText is the reason as a browser sees it: a text, or with advice when to come back
// what a kick says (P12.3).
func closeText(r connectors.Reason) string {
	text := r.Text
	if text == "" {
		text = r.Cause.Word()
	}
	text = cut(strings.ToValidUTF8(text, "\uFFFD"), maxReason)
	if r.RetryAfter <= 0 && r.Spread <= 0 {
		return text
	}
	for k := (&messages.Kick{Reason: text, RetryAfterMs: millis(r.RetryAfter), SpreadMs: millis(r.Spread)}); ; {
		b, err := pomelo.Codec{}.AppendKick(nil, k)
		if err == nil && len(b)-pomelo.HeaderLen <= maxReason || k.Reason == "" {
			return string(b[pomelo.HeaderLen:])
		}
		k.Reason = cut(k.Reason, len(k.Reason)-1)
	}
}

// millis is d in milliseconds, and one if it is shorter.
func millis(d time.Duration) uint32 {
	return uint32(min((max(d, 0)+time.Millisecond-1)/time.Millisecond, math.MaxUint32))
}

// cut is s, which is UTF-8, up to n bytes and the end of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func closeFrame(code int, text string) []byte {
	b := []byte{finClose, byte(2 + len(text))}
	return append(binary.BigEndian.AppendUint16(b, uint16(code)), text...)
}
