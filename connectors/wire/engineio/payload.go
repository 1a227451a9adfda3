package engineio

import (
	"bytes"
	"iter"
	"unicode/utf8"
)

// separator stands between the packets of a payload in version 4.
const separator = 0x1e

// Dialect is how an EIO3 client writes text over polling: 1.x ones encode it twice, and say
// nothing of it. The zero Dialect is not known yet; what a client sends settles it for as long as
// the connection lives.
type Dialect byte

const (
	undecided Dialect = iota
	plain             // 2.x
	twice             // 1.x
)

// DecodePayload goes through the packets in the body of a POST, in order, and holds nothing but
// the one at hand. Binary says that the body's type is application/octet-stream. It ends with the
// first error; an empty body is one.
func (v Version) DecodePayload(body []byte, binary bool, d *Dialect) iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		cut := v.cutter(binary, d)
		err := checkBody(body, v, binary)
		for rest := body; err == nil; {
			var p Packet
			if p, rest, err = cut(rest); err != nil {
				break
			}
			if !yield(p, nil) || rest == nil {
				return
			}
		}
		if err != nil {
			yield(Packet{}, err)
		}
	}
}

// cutter is how a body is taken apart: what it returns cuts off the packet that b begins with. The
// rest is nil behind the last.
func (v Version) cutter(binary bool, d *Dialect) func(b []byte) (Packet, []byte, error) {
	switch {
	case v == V4:
		return v.cutSeparated
	case binary:
		return v.cutBinary
	}
	return func(b []byte) (Packet, []byte, error) { return v.cutText(b, d) }
}

// checkBody tells what is wrong with a body as a whole. Text in a binary one is checked piece
// by piece.
func checkBody(body []byte, v Version, binary bool) error {
	switch {
	case v == V4 && binary:
		return ErrFraming
	case len(body) == 0:
		return ErrEmpty
	case !binary && !utf8.Valid(body):
		return ErrUTF8
	}
	return nil
}

func (v Version) cutSeparated(b []byte) (p Packet, rest []byte, err error) {
	end := bytes.IndexByte(b, separator)
	if end >= 0 {
		rest = b[end+1:]
		b = b[:end:end]
	}
	p, err = v.decodeText(b)
	return p, rest, err
}

// maxDigits is how long the length of a packet may be.
const maxDigits = 9

// cutText cuts off a packet of the text framing, <n>:<packet>, where n counts UTF-16 units.
func (v Version) cutText(b []byte, d *Dialect) (p Packet, rest []byte, err error) {
	units, b, err := cutLength(b, '0', ':')
	if err != nil {
		return Packet{}, nil, err
	}
	end, ok := skipUnits(b, units)
	if !ok {
		return Packet{}, nil, ErrLength
	}
	text, err := d.read(b[:end:end])
	if err != nil {
		return Packet{}, nil, err
	}
	p, err = v.decodeText(text)
	return p, remains(b[end:]), err
}

// cutBinary cuts off a packet of the binary framing: 0 for text and 1 for bytes, the digits of
// its length in bytes, 255, and the packet.
func (v Version) cutBinary(b []byte) (p Packet, rest []byte, err error) {
	kind := b[0]
	size, b, err := cutLength(b[1:], 0, 0xff)
	if err != nil {
		return Packet{}, nil, err
	}
	if kind > 1 {
		return Packet{}, nil, ErrType
	}
	if size > len(b) {
		return Packet{}, nil, ErrLength
	}
	data := b[:size:size]
	switch {
	case kind == 1:
		p, err = v.decodeBinary(data)
	case !utf8.Valid(data):
		err = ErrUTF8
	default:
		p, err = v.decodeText(data)
	}
	return p, remains(b[size:]), err
}

// cutLength reads a positive number of at most maxDigits digits, of which zero is the first, and
// the end mark behind it.
func cutLength(b []byte, zero, end byte) (n int, rest []byte, err error) {
	for i, c := range b {
		if c == end {
			if n == 0 {
				break
			}
			return n, b[i+1:], nil
		}
		if c -= zero; c > 9 || i == maxDigits {
			break
		}
		n = n*10 + int(c)
	}
	return 0, nil, ErrLength
}

// skipUnits is where the first n UTF-16 units of text end. It is not ok when the text is shorter,
// or they end amid a character.
func skipUnits(b []byte, n int) (end int, ok bool) {
	if n > len(b) { // no character has more units than bytes
		return 0, false
	}
	for n > 0 && end < len(b) {
		switch c := b[end]; {
		case c < 0x80:
			end++
		case c < 0xe0:
			end += 2
		case c < 0xf0:
			end += 3
		default: // a pair of surrogates
			end += 4
			n--
		}
		n--
	}
	return end, n == 0
}

// remains is b, or nil where nothing is left.
func remains(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// read is a packet of text as the client meant it.
func (d *Dialect) read(b []byte) ([]byte, error) {
	if *d == plain || ascii(b) {
		return b, nil
	}
	once, ok := decodeTwice(b)
	switch {
	case ok:
		*d = twice
		return once, nil
	case *d == twice:
		return nil, ErrUTF8
	}
	*d = plain
	return b, nil
}

// decodeTwice takes the characters of b for bytes, and is ok when these are UTF-8.
func decodeTwice(b []byte) ([]byte, bool) {
	for _, c := range b {
		if c > 0xc3 { // leads a character above U+00FF
			return nil, false
		}
	}
	once := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		once = append(once, byte(r))
		b = b[n:]
	}
	return once, utf8.Valid(once)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
