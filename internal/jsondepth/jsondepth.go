// Package jsondepth tells how deep JSON text is nested before anybody builds values of it.
package jsondepth

import (
	"bytes"
	"errors"
)

// ErrDeep refuses text that is nested too deep.
var ErrDeep = errors.New("JSON nested too deep")

// What a byte outside of strings does.
const (
	other = iota
	opens
	closes
	quote
)

var does = [256]byte{'[': opens, '{': opens, ']': closes, '}': closes, '"': quote}

// Check returns ErrDeep if objects and lists in b are nested deeper than most levels; one that
// holds no other is a level. It reads b once, no further than it must, and allocates nothing.
// Of text that is not JSON it says ErrDeep or nothing, but never nothing where a decoder
// would come deeper than most before it sees what is wrong.
func Check(b []byte, most int) error {
	depth := 0
	for i := 0; i < len(b); i++ {
		c := does[b[i]]
		if c == other {
			continue
		}
		switch c {
		case opens:
			if depth++; depth > most {
				return ErrDeep
			}
		case closes:
			if depth--; depth < 0 {
				return nil // no decoder gets further
			}
		case quote:
			i += quoted(b[i+1:])
		}
	}
	return nil
}

// patience is how many bytes of a string are looked at one by one, which is fast for short
// ones and for escapes, before its end is searched for.
const patience = 16

// quoted is how long the rest of a string is, its closing quote included.
func quoted(b []byte) int {
	for i, plain := 0, 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
			plain = 0
			continue
		}
		if plain++; plain < patience {
			continue
		}
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			break
		}
		if !escaped(b[i : i+n]) {
			return i + n + 1
		}
		i, plain = i+n, 0
	}
	return len(b)
}

// escaped tells whether the character behind b is, by an odd number of backslashes.
func escaped(b []byte) bool {
	i := len(b)
	for i > 0 && b[i-1] == '\\' {
		i--
	}
	return (len(b)-i)%2 == 1
}
