package interop_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"strings"
	"testing"
)

// The WebSocket opcodes of RFC 6455.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// frame is one WebSocket frame, legal or not. The zero frame is an empty last
// and masked fragment.
type frame struct {
	more bool // not the last of its message
	fin  bool // read frames only: the last of its message
	rsv  byte // three reserved bits
	op   byte
	bare bool // not masked
	data []byte
}

// mask is what every client frame is masked with.
const mask = "\x37\xfa\x21\x3d"

// append appends the frame to dst.
func (f frame) append(dst []byte) []byte {
	head := f.rsv<<4 | f.op
	if !f.more {
		head |= 0x80
	}
	var masked byte
	if !f.bare {
		masked = 0x80
	}
	switch n := len(f.data); {
	case n < 126:
		dst = append(dst, head, masked|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, head, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, head, masked|127), uint64(n))
	}
	if f.bare {
		return append(dst, f.data...)
	}
	dst = append(dst, mask...)
	for i, b := range f.data {
		dst = append(dst, b^mask[i%4])
	}
	return dst
}

// fragments makes one message of several frames.
func fragments(op byte, parts []wire) []byte {
	var b []byte
	for i, part := range parts {
		b = frame{op: op, more: i < len(parts)-1, data: part}.append(b)
		op = 0
	}
	return b
}

// readFrame reads a server's frame.
func readFrame(r io.Reader) (frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	n, err := frameLength(r, head[1]&0x7f)
	if err != nil {
		return frame{}, err
	}
	f := frame{fin: head[0]&0x80 != 0, rsv: head[0] >> 4 & 7, op: head[0] & 15, bare: head[1]&0x80 == 0, data: make([]byte, n)}
	_, err = io.ReadFull(r, f.data)
	return f, err
}

func frameLength(r io.Reader, short byte) (uint64, error) {
	var b [8]byte
	switch short {
	case 126:
		_, err := io.ReadFull(r, b[6:])
		return binary.BigEndian.Uint64(b[:]), err
	case 127:
		_, err := io.ReadFull(r, b[:])
		return binary.BigEndian.Uint64(b[:]), err
	}
	return uint64(short), nil
}

func TestFramesAreWrittenAsTheStandardSays(t *testing.T) {
	long := strings.Repeat("\x00", 126)
	for name, tt := range map[string]struct {
		frame frame
		wire  string
	}{
		"a masked message":  {frame{op: opBinary, data: []byte("abc")}, "\x82\x83" + mask + "\x56\x98\x42"},
		"an unmasked one":   {frame{op: opText, bare: true, data: []byte("abc")}, "\x81\x03abc"},
		"an empty one":      {frame{op: opBinary}, "\x82\x80" + mask},
		"a first fragment":  {frame{op: opBinary, more: true, bare: true, data: []byte("a")}, "\x02\x01a"},
		"a reserved bit":    {frame{op: opBinary, rsv: 4, bare: true, data: []byte("a")}, "\xc2\x01a"},
		"a reserved opcode": {frame{op: 3, bare: true}, "\x83\x00"},
		"126 bytes":         {frame{op: opBinary, bare: true, data: []byte(long)}, "\x82\x7e\x00\x7e" + long},
	} {
		t.Run(name, func(t *testing.T) {
			wire := string(tt.frame.append(nil))
			if wire != tt.wire {
				t.Fatalf("frame = %x, want %x", wire, tt.wire)
			}
			if !tt.frame.bare {
				return
			}
			f, err := readFrame(bufio.NewReader(strings.NewReader(wire)))
			if err != nil || string(f.data) != string(tt.frame.data) || f.op != tt.frame.op || f.rsv != tt.frame.rsv || f.fin == tt.frame.more {
				t.Errorf("read back %+v, %v", f, err)
			}
		})
	}
}

func TestFragmentsMakeOneMessage(t *testing.T) {
	got := fragments(opBinary, []wire{[]byte("a"), []byte("b"), []byte("c")})
	want := frame{op: opBinary, more: true, data: []byte("a")}.append(nil)
	want = frame{more: true, data: []byte("b")}.append(want)
	want = frame{data: []byte("c")}.append(want)
	if string(got) != string(want) {
		t.Errorf("fragments = %x, want %x", got, want)
	}
}
