package socketio

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/internal/jsondepth"
)

// The functions here read text that checkJSON has found to be JSON.

// checkJSON tells whether b is JSON, at most depth levels deep.
func checkJSON(b []byte, depth int) error {
	switch err := jsondepth.Valid(b, depth); {
	case errors.Is(err, jsondepth.ErrDeep):
		return ErrDepth
	case err != nil:
		return ErrPayload
	}
	return nil
}

// trim is b without the blanks around it.
func trim(b []byte) []byte { return bytes.Trim(b, " \t\n\r") }

// skip is where the value ends that b begins with.
func skip(b []byte) int {
	switch b[0] {
	case '"':
		return skipString(b)
	case '[', '{':
		return skipInside(b)
	}
	for i, c := range b {
		switch c {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return i
		}
	}
	return len(b)
}

func skipString(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func skipInside(b []byte) int {
	for i, depth := 0, 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += skipString(b[i:]) - 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(b)
}

// next cuts the next element, or name or value of a member, off what is inside of a list or an
// object. There is none when it is nil.
func next(b []byte) (value, rest []byte) {
	b = bytes.TrimLeft(b, " \t\n\r,:")
	if len(b) == 0 || b[0] == ']' || b[0] == '}' {
		return nil, nil
	}
	n := skip(b)
	return b[:n:n], b[n:]
}

// unquote is the text of a JSON string: part of literal, where nothing is escaped.
func unquote(literal []byte) []byte {
	inside := literal[1 : len(literal)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	return appendUnescaped(make([]byte, 0, len(inside)), inside)
}

// appendUnescaped appends what the inside of a JSON string says. It is never longer, so that dst
// may be inside[:0].
func appendUnescaped(dst, inside []byte) []byte {
	for {
		i := bytes.IndexByte(inside, '\\')
		if i < 0 {
			return append(dst, inside...)
		}
		dst = append(dst, inside[:i]...)
		if c := inside[i+1]; c == '"' || c == '\\' { // most are
			dst, inside = append(dst, c), inside[i+2:]
			continue
		}
		r, n := unescape(inside[i:])
		dst = utf8.AppendRune(dst, r) // a surrogate alone becomes U+FFFD
		inside = inside[i+n:]
	}
}

// unescape reads the escape at the head of b, two of them for a pair of surrogates.
func unescape(b []byte) (r rune, n int) {
	if r, n = unit(b); n < 6 || !utf16.IsSurrogate(r) || len(b) < 12 || b[6] != '\\' || b[7] != 'u' {
		return r, n
	}
	low, _ := unit(b[6:])
	if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
		return pair, 12
	}
	return r, n
}

// unit reads the escape at the head of b, which is one UTF-16 unit.
func unit(b []byte) (r rune, n int) {
	switch c := b[1]; c {
	case 'u':
		for _, c := range b[2:6] {
			r = r<<4 | hexDigit(c)
		}
		return r, 6
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	default:
		return rune(c), 2
	}
}

func hexDigit(c byte) rune {
	if c <= '9' {
		return rune(c - '0')
	}
	return rune(c|0x20) - 'a' + 10
}

// placeholdersFit tells whether every {"_placeholder":true,"num":…} in a value stands for one of n
// attachments.
func placeholdersFit(value []byte, n int) bool {
	value = trim(value)
	if value[0] != '[' && value[0] != '{' {
		return true
	}
	if value[0] == '{' {
		if num, ok := placeholder(value); ok {
			return 0 <= num && num < n
		}
	}
	for v, rest := next(value[1:]); v != nil; v, rest = next(rest) {
		if !placeholdersFit(v, n) {
			return false
		}
	}
	return true
}

// placeholder is the number in a placeholder, if the object is one; -1 if that is no number.
func placeholder(object []byte) (num int, ok bool) {
	num = -1
	for name, rest := next(object[1:]); name != nil; name, rest = next(rest) {
		var value []byte
		value, rest = next(rest)
		switch string(unquote(name)) {
		case "_placeholder":
			ok = string(value) == "true"
		case "num":
			num = -1
			if n, err := strconv.Atoi(string(value)); err == nil {
				num = n
			}
		}
	}
	return num, ok
}
