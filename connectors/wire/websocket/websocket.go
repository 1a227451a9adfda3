// Package websocket is the frames of RFC 6455: no I/O, no clock, no goroutine.
package websocket

import "encoding/binary"

// Opcodes (RFC 6455, 5.2).
const (
	Continuation = 0x0
	Text         = 0x1
	Binary       = 0x2
	Close        = 0x8
	Ping         = 0x9
	Pong         = 0xa
)

// Parts of a frame's head (RFC 6455, 5.2).
const (
	fin       = 0x80
	reserved1 = 0x40
	reserved2 = 0x20
	reserved3 = 0x10
	masked    = 0x80
)

// AppendHead appends the head of a frame as a server sends it: whole, and not masked. Its payload of
// size bytes is to follow.
func AppendHead(dst []byte, opcode byte, size int) []byte {
	switch {
	case size <= 125:
		return append(dst, fin|opcode, byte(size))
	case size <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, fin|opcode, 126), uint16(size))
	}
	return binary.BigEndian.AppendUint64(append(dst, fin|opcode, 127), uint64(size))
}

// Cut cuts off the frame, made with AppendHead, that b begins with. It is not ok when b does not begin
// with a whole one. The payload aliases b.
func Cut(b []byte) (opcode byte, payload, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, b, false
	}
	size, head := uint64(b[1]), 2
	switch {
	case size == 126 && len(b) >= 4:
		size, head = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case size == 127 && len(b) >= 10:
		size, head = binary.BigEndian.Uint64(b[2:]), 10
	case size > 125:
		return 0, nil, b, false
	}
	if size > uint64(len(b)-head) {
		return 0, nil, b, false
	}
	end := head + int(size)
	return b[0] &^ fin, b[head:end:end], b[end:], true
}
