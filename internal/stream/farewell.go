package stream

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// MaxCloseText is what a close frame holds beside its code.
const MaxCloseText = 123

// Close ends the stream as Wire's does: it says farewell, which is whole frames or nothing, then with a
// close frame why (P12.3). A client that has sent a close frame gets its own code back, and no farewell.
func (s *WebSocket) Close(farewell []byte, r connectors.Reason) {
	s.Wire.Close(s.closing(farewell, r))
}

// closing appends the close frame that is due: the client's own echoed, or ours.
func (s *WebSocket) closing(farewell []byte, r connectors.Reason) []byte {
	switch code := s.echoed.Load(); {
	case s.said.Load():
		return nil
	case code == websocket.CloseNoStatusReceived:
		return closeFrame(nil, websocket.CloseNormalClosure, "")
	case code != 0:
		return closeFrame(nil, int(code), "")
	}
	return closeFrame(farewell, closeCode(r.Cause), CloseText(r))
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

// CloseText is the reason as a browser sees it: its text or its cause, cut to MaxCloseText.
func CloseText(r connectors.Reason) string {
	text := r.Text
	if text == "" {
		text = r.Cause.Word()
	}
	return cut(strings.ToValidUTF8(text, "\uFFFD"), MaxCloseText)
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

// closeFrame appends a close frame to a copy of before.
func closeFrame(before []byte, code int, text string) []byte {
	b := append(make([]byte, 0, len(before)+2+2+len(text)), before...)
	b = append(b, finClose, byte(2+len(text)))
	return append(binary.BigEndian.AppendUint16(b, uint16(code)), text...)
}
