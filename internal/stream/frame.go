package stream

import (
	"encoding/binary"
	"io"

	"github.com/fairlead-go/fairlead/connectors"
)

// short reads a message that is one frame, is there as a whole, and fits into the batch.
// Most are and do; gorilla would allocate for each. All others are left to gorilla, those
// that are wrong too.
func (s *WebSocket) short() (f connectors.Frame, ok bool) {
	head, n := s.head()
	size, ok := frameSize(head[:n])
	if !ok || size > uint64(s.unread()) || head[1]&isMasked == 0 {
		return f, false
	}
	start := headSize(head[1])
	body := int(size) - start
	if limit := s.ReadLimit(); limit > 0 && body > limit {
		return f, false
	}
	if f.Data, ok = s.gather().room(body); !ok {
		return f, false
	}
	_, _ = s.heads.Discard(start)
	_, _ = io.ReadFull(s.heads, f.Data) // it is there
	unmask(f.Data, head[start-4:start])
	f.Text = head[0] == finText
	return f, true
}

// wholeNext tells whether the next message is one frame and all of it is there.
func (s *WebSocket) wholeNext() bool {
	head, n := s.head()
	size, ok := frameSize(head[:n])
	return ok && size <= uint64(s.unread())
}

// head is what is there of the next frame's head, and how much that is.
func (s *WebSocket) head() (head [maxHead]byte, n int) {
	b, _ := s.heads.Peek(min(s.heads.Buffered(), maxHead))
	n = copy(head[:], b)
	return head, n + copy(head[n:], s.rest)
}

// frameSize is the size of the masked message frame that b begins with, if b
// says so.
func frameSize(b []byte) (uint64, bool) {
	if len(b) < 2 || b[0] != finBinary && b[0] != finText {
		return 0, false
	}
	n, head := uint64(b[1]&0x7f), headSize(b[1])
	if len(b) < head {
		return 0, false
	}
	switch n {
	case 126:
		n = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		n = binary.BigEndian.Uint64(b[2:]) &^ (1 << 63)
	}
	return n + uint64(head), true
}

// headSize is how long a masked frame's head is whose second byte is b.
func headSize(b byte) int {
	switch b & 0x7f {
	case 126:
		return 8
	case 127:
		return 14
	}
	return 6
}

func unmask(b, key []byte) {
	k := uint64(binary.LittleEndian.Uint32(key))
	k |= k << 32
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^k)
	}
	for i := range b {
		b[i] ^= key[i%4]
	}
}
