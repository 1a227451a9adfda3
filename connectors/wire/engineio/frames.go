package engineio

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// AppendPacket appends the frame of a packet of text.
func AppendPacket[T string | []byte](dst []byte, typ byte, data T) []byte {
	dst = websocket.AppendHead(dst, websocket.Text, 1+len(data))
	return append(append(dst, typ), data...)
}

// AppendBinary appends the frame of a binary message.
func (v Version) AppendBinary(dst, data []byte) []byte {
	if v == V4 {
		return append(websocket.AppendHead(dst, websocket.Binary, len(data)), data...)
	}
	dst = websocket.AppendHead(dst, websocket.Binary, 1+len(data))
	return append(append(dst, binaryMessage), data...)
}

// Handshake is what the open packet tells a client.
type Handshake struct {
	SID                       string // of characters that JSON does not escape
	Upgrades                  bool   // polling may be left for WebSocket
	PingInterval, PingTimeout time.Duration
	MaxPayload                int // version 4 only
}

// AppendOpen appends the frame of the open packet.
func (v Version) AppendOpen(dst []byte, h Handshake) []byte {
	b := make([]byte, 0, 160)
	b = append(b, `{"sid":"`...)
	b = append(b, h.SID...)
	b = append(b, `","upgrades":[`...)
	if h.Upgrades {
		b = append(b, `"websocket"`...)
	}
	b = append(b, `],"pingInterval":`...)
	b = strconv.AppendInt(b, h.PingInterval.Milliseconds(), 10)
	b = append(b, `,"pingTimeout":`...)
	b = strconv.AppendInt(b, h.PingTimeout.Milliseconds(), 10)
	if v == V4 {
		b = append(b, `,"maxPayload":`...)
		b = strconv.AppendInt(b, int64(h.MaxPayload), 10)
	}
	return AppendPacket(dst, Open, append(b, '}'))
}

// AppendPayload appends the body that brings frames to a client that polls. Version 3 frames it in
// bytes if there is a binary message in it and the client, which says so with b64, can take it:
// binary tells.
func (v Version) AppendPayload(dst, frames []byte, b64 bool) (body []byte, binary bool) {
	if v == V4 {
		return appendSeparated(dst, frames), false
	}
	binary = !b64 && hasBinary(frames)
	for len(frames) > 0 {
		opcode, data, rest, ok := websocket.Cut(frames)
		if !ok {
			break
		}
		if binary {
			dst = appendBinaryFramed(dst, opcode, data)
		} else {
			dst = appendTextFramed(dst, opcode, data)
		}
		frames = rest
	}
	return dst, binary
}

// AppendBase64 appends frames for a WebSocket client that cannot take bytes: as text, all of them.
func (v Version) AppendBase64(dst, frames []byte) []byte {
	for len(frames) > 0 {
		opcode, data, rest, ok := websocket.Cut(frames)
		if !ok {
			break
		}
		if opcode == websocket.Binary {
			dst = websocket.AppendHead(dst, websocket.Text, v.base64Len(data))
			dst = v.appendBase64(dst, data)
		} else {
			dst = append(dst, frames[:len(frames)-len(rest)]...)
		}
		frames = rest
	}
	return dst
}

func appendSeparated(dst, frames []byte) []byte {
	for first := true; len(frames) > 0; first = false {
		opcode, data, rest, ok := websocket.Cut(frames)
		if !ok {
			break
		}
		if !first {
			dst = append(dst, separator)
		}
		if opcode == websocket.Binary {
			dst = V4.appendBase64(dst, data)
		} else {
			dst = append(dst, data...)
		}
		frames = rest
	}
	return dst
}

func appendTextFramed(dst []byte, opcode byte, data []byte) []byte {
	units := 0
	if opcode == websocket.Binary {
		units = V3.base64Len(data)
	} else {
		units = unitsOf(data)
	}
	dst = append(strconv.AppendInt(dst, int64(units), 10), ':')
	if opcode == websocket.Binary {
		return V3.appendBase64(dst, data)
	}
	return append(dst, data...)
}

func appendBinaryFramed(dst []byte, opcode byte, data []byte) []byte {
	kind := byte(0)
	if opcode == websocket.Binary {
		kind = 1
	}
	dst = append(dst, kind)
	start := len(dst)
	dst = strconv.AppendInt(dst, int64(len(data)), 10)
	for i := range dst[start:] {
		dst[start+i] -= '0'
	}
	return append(append(dst, 0xff), data...)
}

// appendBase64 appends the payload of a Binary frame as a packet of text.
func (v Version) appendBase64(dst, data []byte) []byte {
	dst = append(dst, 'b')
	if v == V3 {
		dst = append(dst, Message)
		data = data[1:]
	}
	return base64.StdEncoding.AppendEncode(dst, data)
}

// base64Len is how much appendBase64 appends.
func (v Version) base64Len(data []byte) int {
	if v == V3 {
		return 2 + base64.StdEncoding.EncodedLen(len(data)-1)
	}
	return 1 + base64.StdEncoding.EncodedLen(len(data))
}

func hasBinary(frames []byte) bool {
	for len(frames) > 0 {
		opcode, _, rest, ok := websocket.Cut(frames)
		if !ok {
			break
		}
		if opcode == websocket.Binary {
			return true
		}
		frames = rest
	}
	return false
}

// unitsOf counts the UTF-16 units of text.
func unitsOf(b []byte) (n int) {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		n += utf16.RuneLen(r)
		b = b[size:]
	}
	return n
}
