package line

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
)

// ErrUpgrade is why a server speaks no WebSocket with us.
var ErrUpgrade = errors.New("line: no upgrade")

// upgrade makes the stream one of WebSocket frames (RFC 6455, 4.1).
func (s *stream) upgrade(ctx context.Context, host, path string) error {
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	err := s.askUpgrade(host, path)
	if !stop() {
		return ctx.Err()
	}
	return err
}

func (s *stream) askUpgrade(host, path string) error {
	var key [16]byte
	binary.LittleEndian.PutUint64(key[:], rand.Uint64())
	binary.LittleEndian.PutUint64(key[8:], rand.Uint64())
	_, err := fmt.Fprintf(s.conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n", path, host, base64.StdEncoding.EncodeToString(key[:]))
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(s.conn, 1<<10)
	answer, err := http.ReadResponse(r, nil)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("line: the server hung up: %w", err)
	case err != nil:
		return err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		answer.Body.Close()
		return fmt.Errorf("%w: %s", ErrUpgrade, answer.Status)
	}
	s.early, _ = r.Peek(r.Buffered())
	s.framed = true
	return nil
}

// Opcodes (RFC 6455, 5.2).
const (
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xa
)

// noHead is room for the longest head of a frame.
var noHead [14]byte

// frame makes a frame of the message that stands in b behind room for a head, which begins at start
// (RFC 6455, 5.2 and 5.3).
func frame(b []byte, start int, opcode byte) []byte {
	const final, masked = 0x80, 0x80
	body := b[start+len(noHead):]
	head := append(b[start:start], final|opcode)
	switch n := len(body); {
	case n <= 125:
		head = append(head, masked|byte(n))
	case n <= 0xffff:
		head = binary.BigEndian.AppendUint16(append(head, masked|126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, masked|127), uint64(n))
	}
	key := rand.Uint32()
	head = binary.LittleEndian.AppendUint32(head, key)
	at := start + len(head)
	n := copy(b[at:], body)
	mask(b[at:at+n], key)
	return b[:at+n]
}

func mask(b []byte, key uint32) {
	k := uint64(key) | uint64(key)<<32
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^k)
	}
	for i := range b {
		b[i] ^= byte(k >> (8 * i))
	}
}

// piece is what came of one frame: of data any part, of a control frame all of it.
type piece struct {
	opcode byte
	data   []byte
	ok     bool
}

// deframer takes frames off a server's bytes. Messages are a stream to what reads them, so that the pieces
// of a frame, and fragments, are handed on as they come.
type deframer struct {
	head    [10]byte
	have    int // of head
	open    bool
	opcode  byte
	left    uint64 // of the frame's payload
	control []byte
}

// next takes the next piece off b. It is not ok when b has ended.
func (d *deframer) next(b []byte) (p piece, rest []byte) {
	for len(b) > 0 || d.open && d.left == 0 {
		if !d.open {
			b = d.begin(b)
			continue
		}
		n := int(min(d.left, uint64(len(b))))
		data := b[:n:n]
		b, d.left = b[n:], d.left-uint64(n)
		if d.left == 0 {
			d.open, d.have = false, 0
		}
		if d.opcode&opClose == 0 {
			if n > 0 {
				return piece{d.opcode, data, true}, b
			}
			continue
		}
		d.control = append(d.control, data...)
		if d.left == 0 {
			p = piece{d.opcode, d.control, true}
			d.control = nil
			return p, b
		}
	}
	return piece{}, nil
}

// begin reads a head, as far as b goes.
func (d *deframer) begin(b []byte) []byte {
	n := copy(d.head[d.have:d.length()], b)
	d.have += n
	if d.have < d.length() {
		return b[n:]
	}
	d.open, d.opcode = true, d.head[0]&0x0f
	switch size := d.head[1] & 0x7f; size {
	case 126:
		d.left = uint64(binary.BigEndian.Uint16(d.head[2:]))
	case 127:
		d.left = binary.BigEndian.Uint64(d.head[2:])
	default:
		d.left = uint64(size)
	}
	return b[n:]
}

// length is that of the head, as far as is known.
func (d *deframer) length() int {
	switch {
	case d.have < 2:
		return 2
	case d.head[1]&0x7f == 126:
		return 4
	case d.head[1]&0x7f == 127:
		return 10
	}
	return 2
}
