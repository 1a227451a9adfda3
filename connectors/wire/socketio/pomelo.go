package socketio

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
)

// ErrHeader is a text of a pomelo client without a whole header: four characters for the id, the
// highest byte first, one for how long the route is, and the route.
var ErrHeader = fmt.Errorf("socketio: short header: %w", connectors.ErrMalformed)

// headed is what a pomelo client writes, and what JSON has inside of a string. Its body is
// still escaped.
type headed struct {
	id          uint32
	route, body []byte
}

// readHeader reads the inside of a JSON string.
func readHeader(inside []byte) (h headed, err error) {
	u := units{rest: inside}
	for range 4 {
		h.id = h.id<<8 | uint32(u.next()&0xff)
	}
	n := int(u.next() & 0xff)
	h.route = u.take(n)
	if u.short || u.low != 0 {
		return headed{}, ErrHeader
	}
	h.body = u.rest
	return h, nil
}

// units reads the inside of a JSON string as UTF-16.
type units struct {
	rest  []byte
	low   rune // the second half of the character read last; 0 if it has none
	short bool // there was no more
}

func (u *units) next() rune {
	if u.low != 0 {
		r := u.low
		u.low = 0
		return r
	}
	if len(u.rest) == 0 {
		u.short = true
		return 0
	}
	r, n := rune(u.rest[0]), 1
	switch {
	case r == '\\':
		r, n = unit(u.rest)
	case r >= utf8.RuneSelf:
		if r, n = utf8.DecodeRune(u.rest); r > 0xffff {
			r, u.low = utf16.EncodeRune(r)
		}
	}
	u.rest = u.rest[n:]
	return r
}

// take reads n units as text, which is part of the string where that is ASCII.
func (u *units) take(n int) []byte {
	if u.low == 0 && plain(u.rest, n) {
		b := u.rest[:n:n]
		u.rest = u.rest[n:]
		return b
	}
	var text []byte
	for high := rune(0); n > 0 && !u.short; n-- {
		r := u.next()
		switch pair := utf16.DecodeRune(high, r); {
		case pair != utf8.RuneError:
			text = utf8.AppendRune(text[:len(text)-3], pair)
		default:
			text = utf8.AppendRune(text, r) // half a pair is U+FFFD
		}
		high = r
	}
	return text
}

// plain tells whether b begins with n characters of ASCII, none of them escaped.
func plain(b []byte, n int) bool {
	if n > len(b) {
		return false
	}
	for _, c := range b[:n] {
		if c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return true
}
