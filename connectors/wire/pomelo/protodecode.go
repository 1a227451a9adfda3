package pomelo

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"
)

// appendJSON appends the JSON object that the body b stands for. With pairs, what
// browser clients write for a character above U+FFFF is read as it (P9.2, F 12);
// the reference reads six times U+FFFD. The text is measured first: it takes the
// memory that it needs and no more, and may not be out of all proportion to b.
func (m *message) appendJSON(dst, b []byte, pairs bool) ([]byte, error) {
	n, err := m.textSize(b, maxDepth)
	if err == nil && n > maxGrowth*len(b)+maxSmall {
		err = ErrGrowth
	}
	if err != nil {
		return dst, err
	}
	d := decoder{dst: dst, pairs: pairs}
	if cap(dst)-len(dst) < n {
		d.dst = append(make([]byte, 0, len(dst)+n), dst...)
	}
	if err := d.message(m, b, maxDepth); err != nil {
		return dst, err
	}
	return d.dst, nil
}

// decoder reads fields and writes JSON.
type decoder struct {
	dst    []byte
	pairs  bool
	levels [maxDepth][]place // memory for messages with many fields, by how deep they are
}

// place is where the keys of a field begin, the first and the last; one more, so
// that zero is nowhere.
type place struct {
	first, last int32
}

// message writes an object: each field once, a list where its first element is,
// another where its last value is.
func (d *decoder) message(m *message, b []byte, depth int) error {
	if depth == 0 {
		return ErrDepth
	}
	var room [32]place
	places := room[:]
	if len(m.fields) > len(room) {
		places = d.places(len(m.fields), depth)
	}
	if err := m.survey(places, b); err != nil {
		return err
	}
	d.dst = append(d.dst, '{')
	for r := (reader{b: b}); r.i < len(b); {
		start := int32(r.i + 1)
		f, err := r.field(m)
		if err != nil {
			return err
		}
		at := places[f.index]
		switch {
		case f.repeated && start == at.first:
			err = d.list(m, at, b, depth)
		case !f.repeated && start == at.last:
			err = d.member(f, r, depth)
		}
		if err == nil {
			err = r.skip(f)
		}
		if err != nil {
			return err
		}
	}
	d.dst = closeObject(d.dst)
	return nil
}

// places makes room for the places of n fields. All messages that are as deep share it.
func (d *decoder) places(n, depth int) []place {
	level := &d.levels[depth-1]
	if len(*level) < n {
		*level = make([]place, n)
	}
	clear(*level)
	return (*level)[:n]
}

// survey walks over b, which is to be all fields of m, and tells where they are.
// What it has seen is sound, but for the inside of messages.
func (m *message) survey(places []place, b []byte) error {
	for r := (reader{b: b}); r.i < len(b); {
		start := int32(r.i + 1)
		f, err := r.field(m)
		if err == nil {
			err = r.skip(f)
		}
		if err != nil {
			return err
		}
		at := &places[f.index]
		if at.first == 0 {
			at.first = start
		}
		at.last = start
	}
	return nil
}

// member writes a member whose value is next in r.
func (d *decoder) member(f *field, r reader, depth int) error {
	d.dst = append(d.dst, f.member...)
	err := d.value(f, &r, depth)
	d.dst = append(d.dst, ',')
	return err
}

// list writes a list. What is between its parts may be of other fields (P10.6).
func (d *decoder) list(m *message, at place, b []byte, depth int) error {
	r := reader{b: b, i: int(at.first) - 1}
	f, err := r.field(m)
	if err != nil {
		return err
	}
	d.dst = append(append(d.dst, f.member...), '[')
	for start := at.first; ; {
		if err := d.elements(f, &r, depth); err != nil {
			return err
		}
		if start == at.last {
			break
		}
		if start, err = r.find(m, f); err != nil {
			return err
		}
	}
	d.dst = append(closeList(d.dst), ',')
	return nil
}

// elements writes one part of a list: all that a count announces, or one element.
func (d *decoder) elements(f *field, r *reader, depth int) error {
	n := uint64(1)
	if f.kind.counted() {
		var err error
		if n, err = r.count(f.kind); err != nil {
			return err
		}
	}
	for ; n > 0; n-- {
		if err := d.value(f, r, depth); err != nil {
			return err
		}
		d.dst = append(d.dst, ',')
	}
	return nil
}

// value writes the value that is next in r.
func (d *decoder) value(f *field, r *reader, depth int) error {
	switch f.kind {
	case kindUint, kindInt:
		n, err := r.varint()
		if err != nil {
			return err
		}
		d.dst = appendInteger(d.dst, n, f.kind)
	case kindFloat:
		b, err := r.cut(4)
		if err != nil {
			return err
		}
		d.dst = appendReal(d.dst, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	case kindDouble:
		b, err := r.cut(8)
		if err != nil {
			return err
		}
		d.dst = appendReal(d.dst, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	default:
		b, err := r.sized()
		if err != nil {
			return err
		}
		if f.kind == kindMessage {
			return d.message(f.message, b, depth-1)
		}
		d.text(b)
	}
	return nil
}

// text writes a string. What is not UTF-8 becomes U+FFFD (P10.7).
func (d *decoder) text(b []byte) {
	d.dst = append(d.dst, '"')
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && d.pairs {
			if pair, ok := surrogates(b); ok {
				r, n = pair, 6
			}
		}
		switch {
		case r == '"' || r == '\\':
			d.dst = append(d.dst, '\\', byte(r))
		case r < ' ':
			d.dst = appendControl(d.dst, byte(r))
		default:
			d.dst = utf8.AppendRune(d.dst, r)
		}
		b = b[n:]
	}
	d.dst = append(d.dst, '"')
}

// appendInteger appends n, as the zigzag it is if the kind has a sign.
func appendInteger(dst []byte, n uint64, k kind) []byte {
	if k == kindUint {
		return strconv.AppendUint(dst, n, 10)
	}
	return strconv.AppendInt(dst, int64(n>>1)^-int64(n&1), 10)
}

// appendReal appends x as JSON.stringify does: null if it is no number.
func appendReal(dst []byte, x float64) []byte {
	switch size := math.Abs(x); {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return append(dst, "null"...)
	case size != 0 && (size < 1e-6 || size >= 1e21):
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

// closeList ends a list whose elements have a comma behind each.
func closeList(dst []byte) []byte {
	if dst[len(dst)-1] == ',' {
		dst[len(dst)-1] = ']'
		return dst
	}
	return append(dst, ']')
}
