package pomelo

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrJSON refuses text that is not JSON.
var ErrJSON = errors.New("pomelo: body is not JSON")

// scanner walks through JSON text without building values.
type scanner struct {
	text []byte
	i    int
}

// peek is the next byte that is no blank; 0 at the end.
func (s *scanner) peek() byte {
	for ; s.i < len(s.text); s.i++ {
		switch c := s.text[s.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// end tells whether nothing but blanks is left.
func (s *scanner) end() bool {
	s.peek()
	return s.i == len(s.text)
}

// eat steps over c if it is next.
func (s *scanner) eat(c byte) bool {
	if s.end() || s.text[s.i] != c {
		return false
	}
	s.i++
	return true
}

// word steps over a literal if it is next.
func (s *scanner) word(w string) bool {
	if s.peek(); !bytes.HasPrefix(s.text[s.i:], []byte(w)) {
		return false
	}
	s.i += len(w)
	return true
}

// more tells whether another element of a list or an object stands before end,
// which is stepped over when there is none.
func (s *scanner) more(end byte, first bool) (bool, error) {
	switch {
	case s.eat(end):
		return false, nil
	case first || s.eat(','):
		return true, nil
	}
	return false, ErrJSON
}

// name reads the name of a member and the colon behind it, as it is written.
func (s *scanner) name() (raw []byte, escaped bool, err error) {
	if raw, escaped, err = s.quoted(); err == nil && !s.eat(':') {
		err = ErrJSON
	}
	return raw, escaped, err
}

// quoted reads a string: what stands between the quotes, and whether some of it is
// escaped.
func (s *scanner) quoted() (raw []byte, escaped bool, err error) {
	if !s.eat('"') {
		return nil, false, ErrJSON
	}
	for start := s.i; s.i < len(s.text); s.i++ {
		switch c := s.text[s.i]; {
		case c == '"':
			s.i++
			return s.text[start : s.i-1], escaped, nil
		case c == '\\':
			_, n := unescape(s.text[s.i:])
			if n == 0 {
				return nil, false, ErrJSON
			}
			escaped = true
			s.i += n - 1
		case c < ' ':
			return nil, false, ErrJSON
		}
	}
	return nil, false, ErrJSON
}

// number reads a number as it is written; nothing if there is none.
func (s *scanner) number() []byte {
	s.peek()
	start := s.i
	s.sign("-")
	zero := s.i < len(s.text) && s.text[s.i] == '0'
	n := s.digits()
	ok := n == 1 || n > 1 && !zero
	if s.sign(".") {
		ok = s.digits() > 0 && ok
	}
	if s.sign("eE") {
		s.sign("+-")
		ok = s.digits() > 0 && ok
	}
	if !ok {
		return nil
	}
	return s.text[start:s.i]
}

// sign steps over the next byte if it is one of these.
func (s *scanner) sign(these string) bool {
	if s.i == len(s.text) || strings.IndexByte(these, s.text[s.i]) < 0 {
		return false
	}
	s.i++
	return true
}

// digits steps over digits and counts them.
func (s *scanner) digits() (n int) {
	for ; s.i < len(s.text) && '0' <= s.text[s.i] && s.text[s.i] <= '9'; s.i++ {
		n++
	}
	return n
}

// skip steps over any value of at most depth levels.
func (s *scanner) skip(depth int) (err error) {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		return s.skipInside(c+2, depth) // in ASCII the closing one
	case c == '"':
		_, _, err = s.quoted()
	case c == '-' || '0' <= c && c <= '9':
		if len(s.number()) == 0 {
			err = ErrJSON
		}
	case !s.word("null") && !s.word("true") && !s.word("false"):
		err = ErrJSON
	}
	return err
}

func (s *scanner) skipInside(end byte, depth int) error {
	if depth == 0 {
		return ErrDepth
	}
	s.i++
	for first := true; ; first = false {
		more, err := s.more(end, first)
		if err == nil && more && end == '}' {
			_, _, err = s.name()
		}
		if err != nil || !more {
			return err
		}
		if err = s.skip(depth - 1); err != nil {
			return err
		}
	}
}

// eachMember has see look at the members of text in their order, if it is an object.
// It must be JSON. Name and value are part of text, but a name that is written with escapes.
func eachMember(text []byte, see func(name, value []byte)) {
	s := scanner{text: text}
	if !s.eat('{') {
		return
	}
	for first := true; ; first = false {
		more, err := s.more('}', first)
		if err != nil || !more {
			return
		}
		raw, escaped, err := s.name()
		if err != nil {
			return
		}
		if escaped {
			raw = appendUnquoted(nil, raw)
		}
		s.peek()
		start := s.i
		if s.skip(maxDepth) != nil {
			return
		}
		see(raw, text[start:s.i:s.i])
	}
}

// appendUnquoted appends the characters that raw, as quoted gives it, stands for.
// What is no character becomes U+FFFD.
func appendUnquoted(dst, raw []byte) []byte {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return appendValid(dst, raw)
		}
		r, n := unescape(raw[i:])
		dst = utf8.AppendRune(appendValid(dst, raw[:i]), r)
		raw = raw[i+n:]
	}
}

// unescape reads the escape at the head of b, two of them for a pair of
// surrogates; n is 0 if there is none.
func unescape(b []byte) (r rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	if b[1] != 'u' {
		const from, to = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
		for i := range len(from) {
			if from[i] == b[1] {
				return rune(to[i]), 2
			}
		}
		return 0, 0
	}
	r, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) && len(b) > 7 && b[6] == '\\' && b[7] == 'u' {
		if low, ok := hex4(b[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return r, 6 // a surrogate alone is appended as U+FFFD
}

// hex4 reads the four digits of \uXXXX.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 6 {
		return 0, false
	}
	for _, c := range b[2:6] {
		d, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func hexDigit(c byte) (d byte, ok bool) {
	if '0' <= c && c <= '9' {
		return c - '0', true
	}
	if c |= 0x20; 'a' <= c && c <= 'f' {
		return c - 'a' + 10, true
	}
	return 0, false
}

// appendValid appends text; each byte that is no UTF-8 becomes U+FFFD.
func appendValid(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		dst, b = utf8.AppendRune(dst, r), b[n:]
	}
	return dst
}
