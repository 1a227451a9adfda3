package line_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/cmd/robot/line"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

func TestServersReadWhatIsFramed(t *testing.T) {
	var all []byte
	sizes := []int{0, 1, 7, 125, 126, 1000, 0xffff, 0x10000, 100000}
	for _, n := range sizes {
		all = line.Frame(all, websocket.Binary, []byte(strings.Repeat("m", n)))
	}
	var r websocket.Reader
	for _, n := range sizes {
		m, rest, err := r.Next(all)
		if err != nil || m.Opcode != websocket.Binary || string(m.Data) != strings.Repeat("m", n) {
			t.Errorf("of %d bytes: opcode %d, %d bytes, %v", n, m.Opcode, len(m.Data), err)
		}
		all = rest
	}
	r.Rest()
}

func TestServersFramesAreTakenOffHoweverTheyAreCut(t *testing.T) {
	var wire, data []byte
	for _, n := range []int{0, 1, 125, 126, 300, 0x10000} {
		body := bytes.Repeat([]byte{byte('a' + n%7)}, n)
		wire = append(websocket.AppendHead(wire, websocket.Binary, n), body...)
		data = append(data, body...)
		wire = append(websocket.AppendHead(wire, websocket.Ping, 2), "hi"...)
		wire = websocket.AppendHead(wire, websocket.Pong, 0)
	}
	wire = append(wire, 0x02, 1, 'x', 0x80, 1, 'y') // a message in two
	data = append(data, "xy"...)
	wire = websocket.AppendClose(wire, websocket.CloseNormal, "bye")
	want := slices.Repeat([]string{"\x09hi", "\x0a"}, 6)
	want = append(want, "\x08\x03\xe8bye")
	for _, n := range []int{1, 2, 3, 7, 64, 4096, len(wire)} {
		got, controls := line.Deframe(wire, n)
		if !bytes.Equal(got, data) {
			t.Errorf("in parts of %d: %d bytes of data, want %d", n, len(got), len(data))
		}
		if !slices.Equal(controls, want) {
			t.Errorf("in parts of %d: %q, want %q", n, controls, want)
		}
	}
}
