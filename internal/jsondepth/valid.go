package jsondepth

import (
	"encoding/binary"
	"errors"
)

// ErrSyntax refuses text that is not JSON.
var ErrSyntax = errors.New("not JSON")

// Valid returns ErrSyntax if b is not JSON, as encoding/json has it, and ErrDeep if objects and lists in
// it are nested deeper than most levels. It reads b once and allocates nothing.
func Valid(b []byte, most int) error {
	s := scanner{b: b, room: most}
	i := s.value(s.blank(0))
	switch {
	case s.deep:
		return ErrDeep
	case i < 0 || s.blank(i) != len(b):
		return ErrSyntax
	}
	return nil
}

// String is where the string ends that b begins with, its quotes included; negative if that is no JSON
// string.
func String(b []byte) int {
	s := scanner{b: b}
	if len(b) == 0 || b[0] != '"' {
		return -1
	}
	return s.text(0)
}

// scanner finds the ends of values. Its methods take where something begins and return where it ends;
// negative says that it is wrong.
type scanner struct {
	b    []byte
	room int // levels that there may still be
	deep bool
}

// blank skips blanks.
func (s *scanner) blank(i int) int {
	for i < len(s.b) && (s.b[i] == ' ' || s.b[i] == '\t' || s.b[i] == '\n' || s.b[i] == '\r') {
		i++
	}
	return i
}

func (s *scanner) value(i int) int {
	if i >= len(s.b) {
		return -1
	}
	switch c := s.b[i]; c {
	case '"':
		return s.text(i)
	case '{':
		return s.inside(i, '}')
	case '[':
		return s.inside(i, ']')
	case 't':
		return s.word(i, "true")
	case 'f':
		return s.word(i, "false")
	case 'n':
		return s.word(i, "null")
	}
	return s.number(i)
}

// inside is an object or a list, whose last character is last.
func (s *scanner) inside(i int, last byte) int {
	if s.room--; s.room < 0 {
		s.deep = true
		return -1
	}
	i = s.blank(i + 1)
	if i < len(s.b) && s.b[i] == last {
		s.room++
		return i + 1
	}
	for {
		if last == '}' {
			if i = s.name(i); i < 0 {
				return -1
			}
		}
		if i = s.value(i); i < 0 {
			return -1
		}
		switch i = s.blank(i); {
		case i >= len(s.b):
			return -1
		case s.b[i] == last:
			s.room++
			return i + 1
		case s.b[i] != ',':
			return -1
		}
		i = s.blank(i + 1)
	}
}

// name is that of a member, with the colon behind it and the blanks.
func (s *scanner) name(i int) int {
	if i >= len(s.b) || s.b[i] != '"' {
		return -1
	}
	if i = s.text(i); i < 0 {
		return -1
	}
	if i = s.blank(i); i >= len(s.b) || s.b[i] != ':' {
		return -1
	}
	return s.blank(i + 1)
}

func (s *scanner) word(i int, w string) int {
	if len(s.b)-i < len(w) || string(s.b[i:i+len(w)]) != w {
		return -1
	}
	return i + len(w)
}

func (s *scanner) number(i int) int {
	if i < len(s.b) && s.b[i] == '-' {
		i++
	}
	if i < len(s.b) && s.b[i] == '0' {
		i++
	} else if i = s.digits(i); i < 0 {
		return -1
	}
	if i < len(s.b) && s.b[i] == '.' {
		if i = s.digits(i + 1); i < 0 {
			return -1
		}
	}
	if i < len(s.b) && s.b[i]|0x20 == 'e' {
		if i++; i < len(s.b) && (s.b[i] == '+' || s.b[i] == '-') {
			i++
		}
		return s.digits(i)
	}
	return i
}

// digits is at least one.
func (s *scanner) digits(i int) int {
	start := i
	for i < len(s.b) && '0' <= s.b[i] && s.b[i] <= '9' {
		i++
	}
	if i == start {
		return -1
	}
	return i
}

// text is a string.
func (s *scanner) text(i int) int {
	for i++; ; i++ {
		for i+8 <= len(s.b) && plain(binary.LittleEndian.Uint64(s.b[i:])) {
			i += 8
		}
		for i < len(s.b) && s.b[i] != '"' && s.b[i] != '\\' && s.b[i] >= ' ' {
			i++
		}
		switch {
		case i >= len(s.b), s.b[i] < ' ':
			return -1
		case s.b[i] == '"':
			return i + 1
		}
		if i = s.escape(i); i < 0 {
			return -1
		}
	}
}

// escape returns the place of an escape's last character.
func (s *scanner) escape(i int) int {
	if i++; i >= len(s.b) {
		return -1
	}
	switch s.b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i
	case 'u':
		if len(s.b)-i < 5 {
			return -1
		}
		for _, c := range s.b[i+1 : i+5] {
			if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f') {
				return -1
			}
		}
		return i + 4
	}
	return -1
}

// plain tells whether none of eight bytes is a quote, a backslash or below a blank. A byte is found where
// subtracting borrows: what makes it zero, or less than a blank.
func plain(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quotes, slashes := w^ones*'"', w^ones*'\\'
	found := (quotes-ones)&^quotes | (slashes-ones)&^slashes | (w-ones*' ')&^w
	return found&tops == 0
}
