package websocket

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
)

const (
	maxHead    = 14  // with a long size and a key
	maxControl = 125 // bytes of a control frame's payload (RFC 6455, 5.5)
)

// Error is a way to break the protocol: the words for it in the close frame. It is a
// connectors.ErrMalformed.
type Error string

// Errors that a Reader ends with, besides connectors.ErrTooLarge and those that name an opcode or a code.
const (
	ErrReserved1    Error = "RSV1 set"
	ErrReserved2    Error = "RSV2 set"
	ErrReserved3    Error = "RSV3 set"
	ErrNotMasked    Error = "bad MASK"
	ErrLongControl  Error = "len > 125 for control"
	ErrPartControl  Error = "FIN not set on control"
	ErrInterrupted  Error = "data before FIN"
	ErrContinuation Error = "continuation after FIN"
	ErrLength       Error = "bad length"
	ErrCloseLength  Error = "bad close payload"
	ErrCloseText    Error = "invalid utf8 payload in close frame"
)

// Error says whose error it is.
func (e Error) Error() string { return "websocket: " + string(e) }

// Unwrap is connectors.ErrMalformed.
func (e Error) Unwrap() error { return connectors.ErrMalformed }

// head is a frame's head.
type head struct {
	opcode byte
	fin    bool
	key    uint32 // the first byte's is the lowest
	length int    // of the head
	size   uint64 // of the payload
}

func (h head) control() bool { return h.opcode&0x8 != 0 }

// within tells whether b, which begins with the head, holds all of the payload.
func (h head) within(b []byte) bool { return h.size <= uint64(len(b)-h.length) }

// parse reads the head that b begins with; inside says that a message has begun. It is not ok while bytes
// are missing, and judges as soon as it can, so that the error is the same for all segmentations.
func parse(b []byte, inside bool) (h head, ok bool, err error) {
	if len(b) < 2 {
		return h, false, nil
	}
	h.opcode, h.fin, h.length, h.size = b[0]&0x0f, b[0]&fin != 0, 6, uint64(b[1]&^masked)
	if err := h.judge(b, inside); err != nil {
		return h, false, err
	}
	switch h.size {
	case 126:
		if h.length = 8; len(b) >= 4 {
			h.size = uint64(binary.BigEndian.Uint16(b[2:]))
			if h.size < 126 {
				return h, false, ErrLength
			}
		}
	case 127:
		if h.length = 14; len(b) >= 10 {
			h.size = binary.BigEndian.Uint64(b[2:])
			if h.size <= math.MaxUint16 || h.size > math.MaxInt64 {
				return h, false, ErrLength
			}
		}
	}
	if len(b) < h.length {
		return h, false, nil
	}
	h.key = binary.LittleEndian.Uint32(b[h.length-4:])
	return h, true, nil
}

// judge finds what is wrong with the first two bytes of a head (RFC 6455, 5.2, 5.4 and 5.5).
func (h head) judge(b []byte, inside bool) error {
	switch {
	case b[0]&reserved1 != 0:
		return ErrReserved1
	case b[0]&reserved2 != 0:
		return ErrReserved2
	case b[0]&reserved3 != 0:
		return ErrReserved3
	case h.opcode&^0x8 > Binary:
		return Error("bad opcode " + strconv.Itoa(int(h.opcode)))
	case b[1]&masked == 0:
		return ErrNotMasked
	case h.control() && h.size > maxControl:
		return ErrLongControl
	case h.control() && !h.fin:
		return ErrPartControl
	case h.opcode == Continuation && !inside:
		return ErrContinuation
	case (h.opcode == Text || h.opcode == Binary) && inside:
		return ErrInterrupted
	}
	return nil
}

// check finds what is wrong with a close frame's payload (RFC 6455, 5.5.1 and 7.4).
func check(m Message) error {
	if m.Opcode != Close || len(m.Data) == 0 {
		return nil
	}
	if len(m.Data) == 1 {
		return ErrCloseLength
	}
	if code := CloseCode(m.Data); !mayBeSent(code) {
		return Error("bad close code " + strconv.Itoa(code))
	}
	if !utf8.Valid(m.Data[2:]) {
		return ErrCloseText
	}
	return nil
}

// unmask undoes, or does, masking with key.
func unmask(b []byte, key uint32) {
	k := uint64(key) | uint64(key)<<32
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^k)
	}
	for i := range b {
		b[i] ^= byte(k >> (8 * i))
	}
}
