package stream

import (
	"strings"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

// Close ends the stream as Wire's does: it says farewell, which is whole frames or nothing, and why in a
// close frame (P12.3). Where the client's own frames have ended, by its close frame or by what was wrong,
// that is answered and nothing else is said.
func (s *WebSocket) Close(farewell []byte, r connectors.Reason) {
	if last := s.last.Load(); last != nil {
		s.Wire.Close(*last)
		return
	}
	text := CloseText(r)
	b := append(make([]byte, 0, len(farewell)+closeHead+len(text)), farewell...)
	s.Wire.Close(websocket.AppendClose(b, closeCode(r.Cause), text))
}

// closeHead is what a close frame is beside its text.
const closeHead = 4

// closeCode is the number that a browser sees (P12.3): pomelo's own 1000 where pomelo closes too.
func closeCode(c messages.Cause) int {
	switch c {
	case messages.CauseStopping:
		return websocket.CloseGoingAway
	case messages.CauseDraining:
		return websocket.CloseRestart
	case messages.CauseOverloaded:
		return websocket.CloseTryLater
	case messages.CauseTooLarge:
		return websocket.CloseTooLarge
	case messages.CauseSlow, messages.CauseOffending:
		return websocket.ClosePolicy
	case messages.CauseFailed:
		return websocket.CloseInternalError
	}
	return websocket.CloseNormal
}

// CloseText is the reason as a browser sees it: its text or its cause, cut to what a close frame
// holds.
func CloseText(r connectors.Reason) string {
	text := r.Text
	if text == "" {
		text = r.Cause.Word()
	}
	return cut(strings.ToValidUTF8(text, "\uFFFD"), websocket.MaxCloseText)
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
