package websocket

import "encoding/binary"

// Codes of close frames (RFC 6455, 7.4.1, and IANA's registry).
const (
	CloseNormal         = 1000
	CloseGoingAway      = 1001
	CloseProtocolError  = 1002
	CloseUnsupported    = 1003
	CloseNoCode         = 1005 // never sent: there was none
	CloseInvalidPayload = 1007
	ClosePolicy         = 1008
	CloseTooLarge       = 1009
	CloseExtension      = 1010
	CloseInternalError  = 1011
	CloseRestart        = 1012
	CloseTryLater       = 1013
	CloseBadGateway     = 1014
)

// MaxCloseText is how many bytes of text a close frame holds beside its code.
const MaxCloseText = maxControl - 2

// CloseCode is the code in a close frame's payload, or CloseNoCode.
func CloseCode(payload []byte) int {
	if len(payload) < 2 {
		return CloseNoCode
	}
	return int(binary.BigEndian.Uint16(payload))
}

// mayBeSent tells whether a close frame may have this code.
func mayBeSent(code int) bool {
	return code >= CloseNormal && code <= CloseUnsupported ||
		code >= CloseInvalidPayload && code <= CloseBadGateway ||
		code >= 3000 && code <= 4999 // of libraries, and of applications
}

// AppendClose appends a close frame as a server sends it. What does not fit of text is left out, byte by byte.
func AppendClose(dst []byte, code int, text string) []byte {
	text = text[:min(len(text), MaxCloseText)]
	dst = binary.BigEndian.AppendUint16(AppendHead(dst, Close, 2+len(text)), uint16(code))
	return append(dst, text...)
}
