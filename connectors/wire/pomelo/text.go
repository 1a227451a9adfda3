package pomelo

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Browser clients encode text three bytes at a time, and can neither write nor
// read a character above maxBMP as UTF-8 has it (P9.2, F 12).
const maxBMP = 0xffff

// appendText appends JSON text with its characters above maxBMP as escapes. Bytes
// that are no UTF-8 stay as they are.
func appendText(dst, b []byte) []byte {
	for {
		i := indexLong(b)
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		r, n := utf8.DecodeRune(b[i:])
		if n == 4 {
			dst = appendSurrogates(dst, r)
		} else {
			dst = append(dst, b[i:i+n]...)
		}
		b = b[i+n:]
	}
}

func appendSurrogates(dst []byte, r rune) []byte {
	hi, lo := utf16.EncodeRune(r)
	return appendEscape(appendEscape(dst, hi), lo)
}

// indexLong is where the first byte of 0xf0 or more is, which begins a character
// of four bytes; -1 if there is none.
func indexLong(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		if x&(x<<1)&(x<<2)&(x<<3)&0x8080808080808080 != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] >= 0xf0 {
			return i
		}
	}
	return -1
}

// surrogateLead is the first byte of every surrogate that is written as if it were a
// character (CESU-8).
const surrogateLead = 0xed

// joinSurrogates copies b, and turns the pairs of 3-byte sequences that browser
// clients write into the characters they stand for. UTF-8 has no such pairs.
func joinSurrogates(b []byte) []byte {
	dst := make([]byte, 0, len(b))
	for {
		i := bytes.IndexByte(b, surrogateLead)
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		if r, ok := surrogates(b[i:]); ok {
			dst = utf8.AppendRune(dst, r)
			b = b[i+6:]
			continue
		}
		dst = append(dst, b[i])
		b = b[i+1:]
	}
}

// surrogates reads a pair of 3-byte sequences at the head of b.
func surrogates(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != surrogateLead || b[3] != surrogateLead {
		return 0, false
	}
	hi, ok1 := surrogate(b[1], b[2])
	lo, ok2 := surrogate(b[4], b[5])
	r := utf16.DecodeRune(hi, lo)
	return r, ok1 && ok2 && r != utf8.RuneError
}

// surrogate is what the sequence ed, c, d stands for.
func surrogate(c, d byte) (rune, bool) {
	return 0xd000 | rune(c&0x3f)<<6 | rune(d&0x3f), c&0xc0 == 0x80 && d&0xc0 == 0x80
}
