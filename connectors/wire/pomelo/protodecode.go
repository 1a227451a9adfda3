package pomelo

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"
)

// appendJSON appends the JSON object that the body b stands for. With pairs, what
// browser clients write for a character above U+FFFF is read as it (P9.2, F 12);
// the reference reads six times U+FFFD.
func (m *message) appendJSON(dst, b []byte, pairs bool) ([]byte, error) {
	d := decoder{dst: dst, pairs: pairs}
	if err := d.message(m, b, maxDepth); err != nil {
		return dst, err
	}
	return d.dst, nil
}

// decoder reads fields and writes JSON.
type decoder struct {
	dst   []byte
	pairs bool
}

// message writes an object: each field once, a list where its first element is,
// another where its last value is.
func (d *decoder) message(m *message, b []byte, depth int) error {
	if depth == 0 {
		return ErrDepth
	}
	var room [16]place
	places := room[:]
	if len(m.fields) > len(places) {
		places = make([]place, len(m.fields))
	}
	if err := m.survey(places, b); err != nil {
		return err
	}
	d.dst = append(d.dst, '{')
	for r := (reader{b: b}); r.i < len(b); {
		start := r.i
		f, err := r.field(m)
		if err != nil {
			return err
		}
		at := places[f.index]
		switch {
		case f.repeated && start == at.first:
			err = d.list(m, at, r, depth)
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

// place is where the keys of a field are first and last; of no field, if there is
// none.
type place struct {
	field       *field
	first, last int
}

// survey walks over b, which is to be all fields of m, and tells where they are.
// What it has seen is sound, but for the inside of messages.
func (m *message) survey(places []place, b []byte) error {
	for r := (reader{b: b}); r.i < len(b); {
		start := r.i
		f, err := r.field(m)
		if err == nil {
			err = r.skip(f)
		}
		if err != nil {
			return err
		}
		at := &places[f.index]
		if at.field == nil {
			at.field, at.first = f, start
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

// list writes a list. r stands behind its first key; what is between its parts may
// be of other fields (P10.6).
func (d *decoder) list(m *message, at place, r reader, depth int) error {
	f := at.field
	d.dst = append(append(d.dst, f.member...), '[')
	for start := at.first; ; {
		if err := d.elements(f, &r, depth); err != nil {
			return err
		}
		if start == at.last {
			break
		}
		var err error
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

// reader walks through the fields of a message.
type reader struct {
	b []byte
	i int
}

// field reads a key, of which the schema alone says what follows (P10.5).
func (r *reader) field(m *message) (*field, error) {
	key, err := r.varint()
	if err != nil {
		return nil, err
	}
	f := m.byTag[key>>3]
	if f == nil {
		return nil, ErrTag
	}
	return f, nil
}

// find steps behind the next key of f and tells where it began.
func (r *reader) find(m *message, f *field) (start int, err error) {
	for r.i < len(r.b) {
		start = r.i
		g, err := r.field(m)
		if g == f || err != nil {
			return start, err
		}
		if err := r.skip(g); err != nil {
			return start, err
		}
	}
	return r.i, ErrShortBody
}

// skip steps over what one key announces.
func (r *reader) skip(f *field) (err error) {
	n := uint64(1)
	if f.repeated && f.kind.counted() {
		if n, err = r.count(f.kind); err != nil {
			return err
		}
	}
	switch f.kind {
	case kindUint, kindInt:
		for ; n > 0 && err == nil; n-- {
			_, err = r.varint()
		}
	case kindFloat:
		_, err = r.cut(4 * n)
	case kindDouble:
		_, err = r.cut(8 * n)
	default:
		_, err = r.sized()
	}
	return err
}

// count reads how many elements follow. The bytes left bound it.
func (r *reader) count(k kind) (uint64, error) {
	n, err := r.varint()
	size := uint64(1)
	switch k {
	case kindFloat:
		size = 4
	case kindDouble:
		size = 8
	}
	if err == nil && n > uint64(len(r.b)-r.i)/size {
		err = ErrShortBody
	}
	return n, err
}

func (r *reader) sized() ([]byte, error) {
	n, err := r.varint()
	if err != nil {
		return nil, err
	}
	return r.cut(n)
}

func (r *reader) cut(n uint64) ([]byte, error) {
	if n > uint64(len(r.b)-r.i) {
		return nil, ErrShortBody
	}
	r.i += int(n)
	return r.b[r.i-int(n) : r.i], nil
}

// varint reads up to 64 bits, in no more than ten bytes; longer forms than needed
// are accepted.
func (r *reader) varint() (uint64, error) {
	n, size := binary.Uvarint(r.b[r.i:])
	switch {
	case size > 0:
		r.i += size
		return n, nil
	case size == 0:
		return 0, ErrShortBody
	}
	return 0, ErrVarint
}
