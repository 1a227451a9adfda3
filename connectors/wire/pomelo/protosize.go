package pomelo

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
)

// The text of a typed body may be maxGrowth times as long as the body and maxSmall
// bytes more. Honest ones are far from it: a client that names long fields in two
// bytes each, over and over, is not.
const (
	maxGrowth = 7
	maxSmall  = 48 << 10
)

// ErrGrowth refuses a typed body whose text would be out of all proportion.
var ErrGrowth = fmt.Errorf("pomelo: text over %d times the typed body: %w", maxGrowth, connectors.ErrMalformed)

// textSize is how long the text of b is: exactly, or a bound where b holds values
// that others take the place of, or text that is no UTF-8. It allocates nothing.
func (m *message) textSize(b []byte, depth int) (n int, err error) {
	if depth == 0 {
		return 0, ErrDepth
	}
	n = len("{}")
	var last *field
	for r := (reader{b: b}); r.i < len(b); {
		f, err := r.field(m)
		if err != nil {
			return n, err
		}
		if f != last || !f.repeated {
			n += len(f.member) + len("[],")
		}
		inside, err := r.textSize(f, depth)
		if err != nil {
			return n, err
		}
		n += inside
		last = f
	}
	return n, nil
}

// textSize steps over what one key announces, as skip does.
func (r *reader) textSize(f *field, depth int) (n int, err error) {
	count := uint64(1)
	if f.repeated && f.kind.counted() {
		if count, err = r.count(f.kind); err != nil {
			return 0, err
		}
	}
	for ; count > 0; count-- {
		one, err := r.valueSize(f, depth)
		if err != nil {
			return n, err
		}
		n += one + len(",")
	}
	return n, nil
}

// valueSize steps over the value that is next, and measures it as decoder.value
// writes it.
func (r *reader) valueSize(f *field, depth int) (int, error) {
	var room [32]byte
	switch f.kind {
	case kindUint, kindInt:
		n, err := r.varint()
		return integerSize(n, f.kind), err
	case kindFloat:
		b, err := r.cut(4)
		if err != nil {
			return 0, err
		}
		return len(appendReal(room[:0], float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))), nil
	case kindDouble:
		b, err := r.cut(8)
		if err != nil {
			return 0, err
		}
		return len(appendReal(room[:0], math.Float64frombits(binary.LittleEndian.Uint64(b)))), nil
	}
	b, err := r.sized()
	if err != nil {
		return 0, err
	}
	if f.kind == kindMessage { // what is wrong in it counts only if it is the last (P10.7)
		n, _ := f.message.textSize(b, depth-1)
		return n, nil
	}
	return stringSize(b), nil
}

// integerSize is how many bytes appendInteger appends.
func integerSize(n uint64, k kind) (size int) {
	if k == kindInt {
		size = int(n & 1) // the sign
		n = n>>1 + n&1
	}
	for size++; n >= 10; size++ {
		n /= 10
	}
	return size
}

// stringSize is how many bytes decoder.text appends, at most.
func stringSize(b []byte) int {
	n := len(b) + len(`""`)
	high := 0
	for _, c := range b {
		switch {
		case c >= utf8.RuneSelf:
			high++
		case c == '"' || c == '\\':
			n++
		case c < ' ':
			n += len(`\u0000`) - 1
		}
	}
	if high > 0 && !utf8.Valid(b) {
		n += high * (len("\uFFFD") - 1)
	}
	return n
}
