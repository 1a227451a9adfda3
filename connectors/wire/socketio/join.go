package socketio

import (
	"net"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// Join appends the frames in packages to dst, in order, as a client in this namespace, empty for
// Main, is to be sent them: what there is for a pomelo client one behind the other becomes one
// packet, a list, if a push is among it that was gathered; answers and urgent pushes alone remain
// packets of their own. It does not change packages.
func Join(dst []byte, packages net.Buffers, namespace string) []byte {
	in := frames{packages: packages}
	for in.next(); in.size > 0; {
		if in.isPart() {
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

// isPart tells whether there is a frame, and it is one that never reaches a wire.
func (f *frames) isPart() bool { return f.size > 0 && (f.opcode == part || f.opcode == lone) }

// appendRun appends the parts up to the next frame that is none.
func (f *frames) appendRun(dst []byte, namespace string) []byte {
	n, gathered := f.run()
	if !gathered || n == 1 {
		for ; n > 0; n-- {
			start := len(dst)
			dst = append(appendMessage(dst, namespace), f.payload...)
			dst = closeFrame(append(dst, `"]`...), start, websocket.Text)
			f.next()
		}
		return dst
	}
	start := len(dst)
	dst = append(appendMessage(dst, namespace), '[')
	for ; n > 0; n-- {
		dst = append(append(dst, f.payload...), ',')
		f.next()
	}
	return closeFrame(append(dst[:len(dst)-1], `]"]`...), start, websocket.Text)
}

// run is how many parts come one behind the other, and whether one of them was gathered.
func (f *frames) run() (n int, gathered bool) {
	for ahead := *f; ahead.isPart(); ahead.next() {
		n++
		gathered = gathered || ahead.opcode == part
	}
	return n, gathered
}

func appendMessage(dst []byte, namespace string) []byte {
	dst = append(openFrame(dst), engineio.Message, Event)
	return append(appendNamespace(dst, namespace), `["message","`...)
}
