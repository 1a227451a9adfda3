package pomelo

import "encoding/binary"

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

// find steps behind the next key of f and tells where it began, and one more.
func (r *reader) find(m *message, f *field) (start int32, err error) {
	for r.i < len(r.b) {
		start = int32(r.i + 1)
		g, err := r.field(m)
		if g == f || err != nil {
			return start, err
		}
		if err := r.skip(g); err != nil {
			return start, err
		}
	}
	return 0, ErrShortBody
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
