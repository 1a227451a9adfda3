package calm

import (
	"strconv"
	"unicode/utf8"
)

// Text is s as a person may see it on one line: control characters, those that steer how text
// is laid out (all that strconv.IsGraphic does not know), and what is no UTF-8 are escaped as
// in Go, \x1b or \u202e. What is over most bytes then is cut, and "…+" and how many bytes of
// s are not shown stand in its place. The result is at most most bytes, unless that is too few
// for the number. Text of such a text is the same.
func Text(s string, most int) string {
	if len(s) <= most && graphic(s) {
		return s
	}
	reserve := len("…+") + len(strconv.Itoa(len(s)))
	dst, kept, seen := make([]byte, 0, min(len(s), most)+reserve), 0, 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			dst = appendByte(dst, s[i])
		} else {
			dst = appendRune(dst, r)
		}
		if len(dst) > most {
			return string(strconv.AppendInt(append(dst[:kept], "…+"...), int64(len(s)-seen), 10))
		}
		i += n
		if len(dst) <= most-reserve {
			kept, seen = len(dst), i
		}
	}
	return string(dst)
}

// graphic tells whether nothing in s is to be escaped. It doubts U+FFFD, which stands for what
// is no UTF-8 as well.
func graphic(s string) bool {
	for _, r := range s {
		if r >= 0x7f && (r == utf8.RuneError || !strconv.IsGraphic(r)) || r < ' ' {
			return false
		}
	}
	return true
}

func appendRune(dst []byte, r rune) []byte {
	if strconv.IsGraphic(r) {
		return utf8.AppendRune(dst, r)
	}
	start := len(dst)
	dst = strconv.AppendQuoteRuneToGraphic(dst, r) // '\x1b'
	return append(dst[:start], dst[start+1:len(dst)-1]...)
}

func appendByte(dst []byte, b byte) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'x', hex[b>>4], hex[b&15])
}
