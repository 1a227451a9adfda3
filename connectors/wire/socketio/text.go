package socketio

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

// part is the opcode of a frame that never reaches a wire: what is in it is the inside of a JSON
// string, which Join puts into a packet, alone or with others.
const part = 0x3

// answer is the opcode of a part that is a response.
const answer = 0x4

// maxHead is the longest head of a frame.
const maxHead = 10

// openFrame makes room for the head of a frame whose size is not known yet.
func openFrame(dst []byte) []byte {
	var room [maxHead]byte
	return append(dst, room[:]...)
}

// closeFrame writes the head of the frame that was opened at start.
func closeFrame(dst []byte, start int, opcode byte) []byte {
	payload := dst[start+maxHead:]
	head := websocket.AppendHead(dst[:start], opcode, len(payload))
	return append(head, payload...) // moves it down
}

// text writes JSON: what is outside of ASCII as escapes to EIO3 clients, which have two ways to
// read it otherwise; and a level deeper if it is the inside of a string.
type text struct {
	ascii, inside bool
}

func textFor(v engineio.Version, m Mode) text { return text{v == engineio.V3, m == Pomelo} }

// json appends JSON as it is. What is no UTF-8 becomes U+FFFD, which leaves it JSON: a client hangs
// up on text that is none.
func (t text) json(dst, b []byte) []byte {
	if !t.inside && !t.ascii && utf8.Valid(b) {
		return append(dst, b...)
	}
	plain := 0 // where what needs no change begins
	for i := 0; i < len(b); {
		c := b[i]
		if c >= ' ' && c < utf8.RuneSelf && (!t.inside || c != '"' && c != '\\') {
			i++
			continue
		}
		r, n := rune(c), 1
		if c >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(b[i:])
		}
		dst = append(dst, b[plain:i]...)
		i += n
		plain = i
		switch {
		case c >= utf8.RuneSelf:
			dst = t.rune(dst, r)
		case t.inside:
			dst = appendEscaped(dst, c)
		default: // blanks between values
			dst = append(dst, c)
		}
	}
	return append(dst, b[plain:]...)
}

// quoted appends s as a JSON string.
func (t text) quoted(dst []byte, s string) []byte {
	dst = t.mark(dst, '"')
	for _, r := range s { // bytes that are no UTF-8 come as U+FFFD
		switch {
		case r >= utf8.RuneSelf:
			dst = t.rune(dst, r)
		case r >= ' ' && r != '"' && r != '\\':
			dst = append(dst, byte(r))
		case t.inside:
			var room [6]byte
			for _, c := range appendEscaped(room[:0], byte(r)) {
				dst = t.mark(dst, c)
			}
		default:
			dst = appendEscaped(dst, byte(r))
		}
	}
	return t.mark(dst, '"')
}

// mark appends a byte of ASCII, none below a blank.
func (t text) mark(dst []byte, c byte) []byte {
	if t.inside && (c == '"' || c == '\\') {
		dst = append(dst, '\\')
	}
	return append(dst, c)
}

// ascii appends text that needs no other escapes than mark's.
func (t text) raw(dst []byte, s string) []byte {
	if !t.inside {
		return append(dst, s...)
	}
	for i := range len(s) {
		dst = t.mark(dst, s[i])
	}
	return dst
}

// rune appends a character from U+0080 on. As an escape it is the string's that it ends up in.
func (t text) rune(dst []byte, r rune) []byte {
	switch {
	case !t.ascii:
		return utf8.AppendRune(dst, r)
	case r > 0xffff:
		hi, lo := utf16.EncodeRune(r)
		return appendHex(appendHex(dst, hi), lo)
	}
	return appendHex(dst, r)
}

// appendEscaped appends the escape of a quote, a backslash or what is below a blank.
func appendEscaped(dst []byte, c byte) []byte {
	const short = "\"\"\\\\\bb\ff\nn\rr\tt"
	for i := 0; i < len(short); i += 2 {
		if short[i] == c {
			return append(dst, '\\', short[i+1])
		}
	}
	return appendHex(dst, rune(c))
}

// appendHex appends r, at most U+FFFF, as \u and four digits.
func appendHex(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// failure appends {"code":…} or {"code":…,"msg":…}. A code of zero would be none, and becomes 500.
func (t text) failure(dst []byte, e *messages.Error) []byte {
	code := e.Code
	if code == 0 {
		code = messages.CodeInternal
	}
	dst = t.raw(dst, `{"code":`)
	dst = strconv.AppendInt(dst, int64(code), 10)
	if e.Msg != "" {
		dst = t.raw(dst, `,"msg":`)
		dst = t.quoted(dst, e.Msg)
	}
	return append(dst, '}')
}

// farewell appends the members that tell why a client is kicked, and when it may come back.
func (t text) farewell(dst []byte, k *messages.Kick) []byte {
	dst = t.raw(dst, `"reason":`)
	dst = t.quoted(dst, k.Reason)
	if k.RetryAfterMs > 0 || k.SpreadMs > 0 {
		dst = t.raw(dst, `,"retryAfterMs":`)
		dst = strconv.AppendUint(dst, uint64(k.RetryAfterMs), 10)
		dst = t.raw(dst, `,"spreadMs":`)
		dst = strconv.AppendUint(dst, uint64(k.SpreadMs), 10)
	}
	return append(dst, '}')
}
