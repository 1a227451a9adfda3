package socketio

import (
	"net"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// Join appends the frames in packages to dst, in order, as a client in this namespace, empty for
// Main, is to be sent them: what there is for a pomelo client one behind the other becomes one
// packet, a list if there are several. It does not change packages.
func Join(dst []byte, packages net.Buffers, namespace string) []byte {
	in := frames{packages: packages}
	in.next()
	for in.size > 0 {
		if in.opcode == part {
			dst = in.appendRun(dst, namespace)
			continue
		}
		dst = append(dst, in.frame...)
		in.next()
	}
	return dst
}

// frames goes through the frames in packages.
type frames struct {
	packages net.Buffers
	rest     []byte // of the package that the frame is in
	frame    []byte
	payload  []byte
	size     int // of the frame; 0 at the end
	opcode   byte
}

func (f *frames) next() {
	f.size = 0
	for len(f.rest) == 0 {
		if len(f.packages) == 0 {
			return
		}
		f.rest, f.packages = f.packages[0], f.packages[1:]
	}
	opcode, payload, rest, ok := websocket.Cut(f.rest)
	if !ok {
		return
	}
	f.size = len(f.rest) - len(rest)
	f.frame, f.rest = f.rest[:f.size], rest
	f.opcode, f.payload = opcode, payload
}

// appendRun appends one packet of all parts up to the next frame that is none.
func (f *frames) appendRun(dst []byte, namespace string) []byte {
	start := len(dst)
	dst = append(openFrame(dst), engineio.Message, Event)
	dst = append(appendNamespace(dst, namespace), `["message","[`...)
	list := len(dst) - 1
	dst = append(dst, f.payload...)
	f.next()
	if f.size == 0 || f.opcode != part { // alone: not in a list
		dst = append(dst[:list], dst[list+1:]...)
		return closeFrame(append(dst, `"]`...), start, websocket.Text)
	}
	for ; f.size > 0 && f.opcode == part; f.next() {
		dst = append(append(dst, ','), f.payload...)
	}
	return closeFrame(append(dst, `]"]`...), start, websocket.Text)
}
