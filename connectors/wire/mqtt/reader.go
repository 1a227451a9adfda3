package mqtt

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// reader takes values from the head of a body. After the first error it returns zeros, so that it need
// be asked for the error only once.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

// check fails with err unless it is so.
func (r *reader) check(ok bool, err error) {
	if !ok {
		r.fail(err)
	}
}

// end is the reader's error, or that bytes are left over.
func (r *reader) end() error {
	r.check(len(r.b) == 0, ErrTrailing)
	return r.err
}

func (r *reader) take(n int) []byte {
	if len(r.b) < n {
		r.fail(ErrShort)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// variable is a number of variable length.
func (r *reader) variable() int {
	v, n, err := decodeVar(r.b)
	if n == 0 {
		if err == nil {
			err = ErrShort
		}
		r.fail(err)
		return 0
	}
	r.b = r.b[n:]
	return v
}

// data is bytes behind their length, and not nil.
func (r *reader) data() []byte { return r.take(int(r.uint16())) }

// text is data that is UTF-8 without U+0000.
func (r *reader) text() []byte {
	b := r.data()
	r.check(validText(b), ErrText)
	return b
}

// packetID is one that is not 0.
func (r *reader) packetID() uint16 {
	id := r.uint16()
	r.check(id != 0, ErrPacketID)
	return id
}

// bool is a byte that may be 0 or 1.
func (r *reader) bool() bool {
	v := r.byte()
	r.check(v <= 1, ErrValue)
	return v == 1
}

// validText looks at text that is short and ASCII, mostly.
func validText(b []byte) bool {
	for i, c := range b {
		if c == 0 {
			return false
		}
		if c >= utf8.RuneSelf {
			return utf8.Valid(b[i:]) && bytes.IndexByte(b[i:], 0) < 0
		}
	}
	return true
}
