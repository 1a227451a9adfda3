package pomelo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Errors that refuse to encode a typed body (P10.8).
var (
	ErrEmpty    = errors.New("pomelo: typed body without a field")
	ErrRequired = errors.New("pomelo: required field missing")
	ErrValue    = errors.New("pomelo: value does not fit the schema")
)

// appendBody appends the body that the JSON object text stands for.
func (m *message) appendBody(dst, text []byte) ([]byte, error) {
	e := encoder{scanner: scanner{text: text}, dst: dst}
	err := e.message(m, maxDepth)
	if err == nil && !e.end() {
		err = ErrJSON
	}
	if err == nil && len(e.dst) == len(dst) {
		err = ErrEmpty
	}
	if err != nil {
		return dst, err
	}
	return e.dst, nil
}

// encoder reads JSON and writes fields in the order it finds them (P10.7).
type encoder struct {
	scanner
	dst []byte
}

func (e *encoder) message(m *message, depth int) error {
	if depth == 0 {
		return ErrDepth
	}
	if !e.eat('{') {
		return ErrValue
	}
	var room [2]uint64
	seen := bits(room[:])
	if len(m.fields) > len(room)*64 {
		seen = make(bits, len(m.fields)/64+1)
	}
	for first := true; ; first = false {
		more, err := e.more('}', first)
		if err != nil {
			return err
		}
		if !more {
			return m.check(seen)
		}
		if err := e.member(m, seen, depth); err != nil {
			return err
		}
	}
}

// member writes the field that the next member names, if there is one. Null is as
// good as absent.
func (e *encoder) member(m *message, seen bits, depth int) error {
	f, err := e.field(m)
	if err != nil {
		return err
	}
	if f == nil || e.peek() == 'n' {
		return e.skip(depth)
	}
	if seen.has(f.index) {
		return fmt.Errorf("%w: %s comes twice", ErrValue, f.name)
	}
	seen.add(f.index)
	if f.repeated {
		return e.list(f, depth)
	}
	e.dst = append(e.dst, f.key...)
	return e.value(f, depth)
}

// field is the field that the next member is called after, nil if none is.
func (e *encoder) field(m *message) (*field, error) {
	raw, escaped, err := e.name()
	if err != nil || !escaped {
		return m.byName[string(raw)], err
	}
	var room [64]byte
	return m.byName[string(appendUnquoted(room[:0], raw))], nil
}

// list writes a list: a count and its elements, or a key for each (P10.6). An
// empty one is not written.
func (e *encoder) list(f *field, depth int) error {
	if !e.eat('[') {
		return f.wrong()
	}
	counted, start := f.kind.counted(), len(e.dst)
	for n := uint64(0); ; n++ {
		more, err := e.more(']', n == 0)
		if err != nil {
			return err
		}
		if !more {
			if counted && n > 0 {
				e.prefix(start+len(f.key), n)
			}
			return nil
		}
		if !counted || n == 0 {
			e.dst = append(e.dst, f.key...)
		}
		if counted && n == 0 {
			e.dst = append(e.dst, 0)
		}
		if err := e.value(f, depth); err != nil {
			return err
		}
	}
}

// value writes one value, its key being written.
func (e *encoder) value(f *field, depth int) error {
	start := len(e.dst)
	switch f.kind {
	case kindUint, kindInt:
		return e.integer(f)
	case kindFloat, kindDouble:
		return e.real(f)
	case kindString:
		if e.peek() != '"' {
			return f.wrong()
		}
		raw, _, err := e.quoted()
		if err != nil {
			return err
		}
		e.dst = appendUnquoted(append(e.dst, 0), raw)
	case kindMessage:
		e.dst = append(e.dst, 0)
		if err := e.message(f.message, depth-1); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	e.prefix(start, uint64(len(e.dst)-start-1))
	return nil
}

// prefix writes n at start, where one byte was left for it.
func (e *encoder) prefix(start int, n uint64) {
	var room [binary.MaxVarintLen64]byte
	size := binary.PutUvarint(room[:], n)
	e.dst = append(e.dst, room[:size-1]...)
	if size > 1 {
		copy(e.dst[start+size:], e.dst[start+1:])
	}
	copy(e.dst[start:], room[:size])
}

// integer writes a varint, zigzag if it has a sign (P10.4).
func (e *encoder) integer(f *field) error {
	raw := e.numeral()
	negative := len(raw) > 0 && raw[0] == '-'
	if negative {
		raw = raw[1:]
	}
	n, ok := whole(raw)
	most := uint64(math.MaxInt64)
	if negative {
		most++
	}
	switch {
	case !ok, f.kind == kindUint && negative && n > 0, f.kind == kindInt && n > most:
		return f.wrong()
	case f.kind == kindInt && negative && n > 0:
		n = n*2 - 1
	case f.kind == kindInt:
		n *= 2
	}
	e.dst = binary.AppendUvarint(e.dst, n)
	return nil
}

// real writes a floating-point number, little end first.
func (e *encoder) real(f *field) error {
	x, err := strconv.ParseFloat(string(e.numeral()), 64)
	if err != nil || math.IsNaN(x) {
		return f.wrong()
	}
	if f.kind == kindDouble {
		e.dst = binary.LittleEndian.AppendUint64(e.dst, math.Float64bits(x))
		return nil
	}
	if math.IsInf(float64(float32(x)), 0) {
		return f.wrong()
	}
	e.dst = binary.LittleEndian.AppendUint32(e.dst, math.Float32bits(float32(x)))
	return nil
}

// numeral reads a number, or the one that a string holds.
func (e *encoder) numeral() []byte {
	if e.peek() != '"' {
		return e.number()
	}
	raw, _, _ := e.quoted()
	inner := scanner{text: raw}
	if n := inner.number(); inner.end() {
		return n
	}
	return nil
}

// whole is an unsigned number without its fraction.
func whole(raw []byte) (n uint64, ok bool) {
	n, err := strconv.ParseUint(string(raw), 10, 64)
	if err == nil {
		return n, true
	}
	x, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(x >= 0 && x < 1<<64) {
		return 0, false
	}
	return uint64(x), true
}

func (f *field) wrong() error { return fmt.Errorf("%w: %s", ErrValue, f.name) }

// check tells whether all that must be there is.
func (m *message) check(seen bits) error {
	for _, f := range m.fields {
		if f.required && !seen.has(f.index) {
			return fmt.Errorf("%w: %s", ErrRequired, f.name)
		}
	}
	return nil
}

// bits are a set of small numbers.
type bits []uint64

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }
func (b bits) add(i int)      { b[i/64] |= 1 << (i % 64) }
