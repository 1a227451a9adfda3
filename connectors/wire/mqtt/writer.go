package mqtt

import (
	"encoding/binary"
	"slices"
)

// writer appends the values of one packet. After the first error what it has appended does not matter.
type writer struct {
	b       []byte
	start   int    // where the packet begins
	allowed uint64 // the properties that may come
	err     error
}

// begin appends the fixed header of a packet of version v. Its length is for finish to fill in.
func begin(dst []byte, v Version, t Type, flags byte) writer {
	w := writer{b: append(dst, byte(t)<<4|flags, 0), start: len(dst)}
	w.check(v.known(), ErrVersion)
	return w
}

// finish tells the packet's length and appends the last part of its body, which is long at times and
// therefore not moved. When there was an error, dst comes back as it was.
func (w *writer) finish(last []byte) ([]byte, error) {
	at := w.start + 1
	n := len(w.b) - at - 1 + len(last)
	w.check(n <= MaxBody, ErrTooLong)
	if w.err != nil {
		return w.b[:w.start], w.err
	}
	w.length(at, n)
	return append(w.b, last...), nil
}

// length writes n as the number of variable length that has one byte at at, moving what follows.
func (w *writer) length(at, n int) {
	var v [longVar]byte
	k := putVar(&v, n)
	w.b[at] = v[0]
	if k > 1 {
		w.b = slices.Insert(w.b, at+1, v[1:k]...)
	}
}

// putVar writes n, of at most MaxBody, and says how many bytes that took.
func putVar(v *[longVar]byte, n int) (k int) {
	for ; n >= int(moreBit); k++ {
		v[k] = byte(n) | moreBit
		n >>= 7
	}
	v[k] = byte(n)
	return k + 1
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) check(ok bool, err error) {
	if !ok {
		w.fail(err)
	}
}

func (w *writer) byte(v byte) { w.b = append(w.b, v) }

func (w *writer) uint16(v uint16) { w.b = binary.BigEndian.AppendUint16(w.b, v) }

func (w *writer) uint32(v uint32) { w.b = binary.BigEndian.AppendUint32(w.b, v) }

func (w *writer) data(b []byte) {
	w.check(len(b) <= maxText, ErrTooLong)
	w.uint16(uint16(len(b)))
	w.b = append(w.b, b...)
}

func (w *writer) text(b []byte) {
	w.check(validText(b), ErrText)
	w.data(b)
}

func (w *writer) packetID(id uint16) {
	w.check(id != 0, ErrPacketID)
	w.uint16(id)
}
