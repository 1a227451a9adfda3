package websocket_test

import (
	"bytes"
	"testing"

	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

func TestHeadsAreOfTheShortestForm(t *testing.T) {
	for size, want := range map[int]string{
		0: "\x82\x00", 125: "\x82\x7d", 126: "\x82\x7e\x00\x7e", 0xffff: "\x82\x7e\xff\xff",
		0x10000: "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
	} {
		head := websocket.AppendHead(nil, websocket.Binary, size)
		if string(head) != want {
			t.Errorf("head of %d bytes = %x, want %x", size, head, want)
		}
		frame := append(bytes.Clone(head), make([]byte, size)...)
		opcode, payload, rest, ok := websocket.Cut(append(frame, "next"...))
		if !ok || opcode != websocket.Binary || len(payload) != size || string(rest) != "next" {
			t.Errorf("cut of %d bytes = %v %d %d %q", size, ok, opcode, len(payload), rest)
		}
		if _, _, _, ok := websocket.Cut(frame[:len(frame)-1]); ok {
			t.Errorf("a frame of %d bytes is whole without its last byte", size)
		}
	}
}
