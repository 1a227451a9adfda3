package pomelo

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/messages"
)

// truthy tells whether JavaScript takes a JSON value for true. Nothing is not.
func truthy(v []byte) bool {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return false
	}
	if v[0] == '-' || '0' <= v[0] && v[0] <= '9' {
		f, err := strconv.ParseFloat(string(v), 64)
		return f != 0 || err != nil
	}
	switch string(v) {
	case "null", "false", `""`:
		return false
	}
	return true
}

// text is a JSON value as free text: a string's own, nothing for null, else the
// JSON itself.
func text(v json.RawMessage) string {
	if plain, ok := unescaped(v); ok {
		return plain
	}
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

// unescaped is the text of a JSON string that has nothing in it that stands for something else.
func unescaped(v json.RawMessage) (string, bool) {
	if len(v) < 2 || v[0] != '"' || bytes.IndexByte(v, '\\') >= 0 || !utf8.Valid(v) {
		return "", false
	}
	return string(v[1 : len(v)-1]), true
}

// isText tells whether a JSON value is the string s, and not a number that looks
// like it.
func isText(v json.RawMessage, s string) bool {
	return len(v) > 0 && v[0] == '"' && text(v) == s
}

// marshal is json.Marshal without its escapes for HTML (P1.2).
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// appendError appends {"code":…} or {"code":…,"msg":…}. A code of zero would be
// none, and becomes 500 (P7.2).
func appendError(dst []byte, code int32, msg string) []byte {
	if code == 0 {
		code = messages.CodeInternal
	}
	dst = append(dst, `{"code":`...)
	dst = strconv.AppendInt(dst, int64(code), 10)
	if msg != "" {
		dst = append(dst, `,"msg":`...)
		dst = appendString(dst, msg)
	}
	return append(dst, '}')
}

// appendString appends s as JSON.stringify writes it, but for characters above
// U+FFFF, which are escaped (P9.2).
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s { // bytes that are no UTF-8 come as U+FFFD
		dst = appendRune(dst, r)
	}
	return append(dst, '"')
}

func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r < ' ':
		return appendControl(dst, byte(r))
	case r > maxBMP:
		return appendSurrogates(dst, r)
	}
	return utf8.AppendRune(dst, r)
}

func appendControl(dst []byte, c byte) []byte {
	const short = "\bb\ff\nn\rr\tt"
	for i := 0; i < len(short); i += 2 {
		if short[i] == c {
			return append(dst, '\\', short[i+1])
		}
	}
	return appendEscape(dst, rune(c))
}

// appendEscape appends r, at most U+FFFF, as \u and four digits.
func appendEscape(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
