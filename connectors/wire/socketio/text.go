package socketio

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

// Opcodes of frames that never reach a wire: what is in them is the inside of a JSON string, which Join
// puts into a packet.
const (
	part = 0x3 // of a push that was gathered, with all that is beside it
	lone = 0x4 // of a message that has waited for nobody, alone where nothing was gathered
)

// partOf is the opcode of a push.
func partOf(p *messages.Push) byte {
	if p.Urgent {
		return lone
	}
	return part
}

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

// text is how JSON is written.
type text struct {
	ascii  bool // what is not ASCII as escapes: EIO3 clients have two ways to read it otherwise
	inside bool // it is to be the inside of a string
}

// json appends JSON as it is. What is no UTF-8 becomes U+FFFD, which leaves it JSON: a client hangs
// up on text that is none.
func (t text) json(dst, b []byte) []byte {
	for {
		n := t.kept(b)
		dst, b = append(dst, b[:n]...), b[n:]
		switch {
		case len(b) == 0:
			return dst
		case b[0] >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(b)
			dst, b = t.rune(dst, r), b[n:]
		default:
			dst, b = appendEscaped(dst, b[0]), b[1:]
		}
	}
}

// kept is how much of b, which is JSON, is written as it is.
func (t text) kept(b []byte) (n int) {
	stops := &stopsOutside
	if t.inside {
		stops = &stopsInside
	}
	for n < len(b) {
		if !stops[b[n]] {
			n++
			continue
		}
		if b[n] < utf8.RuneSelf {
			return n
		}
		r, size := utf8.DecodeRune(b[n:])
		if t.ascii || r == utf8.RuneError && size == 1 {
			return n
		}
		n += size
	}
	return n
}

// Bytes of JSON that are looked at: those that are not ASCII, and what must be escaped inside of a string.
var stopsOutside, stopsInside = func() (o, i [256]bool) {
	for c := range 256 {
		o[c] = c >= utf8.RuneSelf
		i[c] = o[c] || c < ' ' || c == '"' || c == '\\'
	}
	return o, i
}()

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

// mark appends a byte of ASCII that is not below a blank.
func (t text) mark(dst []byte, c byte) []byte {
	if t.inside && (c == '"' || c == '\\') {
		dst = append(dst, '\\')
	}
	return append(dst, c)
}

// raw appends JSON that is ASCII without anything below a blank.
func (t text) raw(dst []byte, s string) []byte {
	if !t.inside {
		return append(dst, s...)
	}
	for i := range len(s) {
		dst = t.mark(dst, s[i])
	}
	return dst
}

// rune appends a character from U+0080 on. Escaped for the outermost string it is there again, as
// itself, in the one inside.
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
	if c == '"' || c == '\\' {
		return append(dst, '\\', c)
	}
	const short = "\bb\ff\nn\rr\tt"
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
