package connectortest

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"

	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// frames is a client's WebSocket.
type frames struct {
	in     *bufio.Reader
	opcode byte
	rest   []byte // of the message that is being read
}

// upgrade asks for a WebSocket on a wire that is written to out, and read from in.
func upgrade(out io.Writer, in *bufio.Reader, ws *WebSocket) (*frames, error) {
	r, err := http.NewRequest(http.MethodGet, "http://connectortest"+cmp.Or(ws.Path, "/"), nil)
	if err != nil {
		return nil, err
	}
	r.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	if ws.Protocol != "" {
		r.Header.Set("Sec-Websocket-Protocol", ws.Protocol)
	}
	if err := r.Write(out); err != nil {
		return nil, err
	}
	f := &frames{in: in, opcode: websocket.Binary}
	if ws.Text {
		f.opcode = websocket.Text
	}
	answer, err := http.ReadResponse(f.in, r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("upgrade: %s", answer.Status)
	}
	return f, nil
}

// message is the frame of a message.
func (f *frames) message(b []byte) []byte { return masked(f.opcode, b) }

// read reads from the message under way, or from the next one. What is to be said meanwhile goes to say.
func (f *frames) read(p []byte, say func([]byte) error) (int, error) {
	for len(f.rest) == 0 {
		opcode, payload, err := f.next()
		switch {
		case err != nil:
			return 0, err
		case opcode == websocket.Close:
			_ = say(masked(websocket.Close, payload))
			return 0, io.EOF
		case opcode == websocket.Ping:
			err = say(masked(websocket.Pong, payload))
		case opcode < websocket.Close:
			f.rest = payload
		}
		if err != nil {
			return 0, err
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// next is the server's next frame.
func (f *frames) next() (opcode byte, payload []byte, err error) {
	var head [8]byte
	if _, err = io.ReadFull(f.in, head[:2]); err != nil {
		return 0, nil, err
	}
	opcode, size := head[0]&0xf, uint64(head[1]&0x7f)
	if wide := map[uint64]int{126: 2, 127: 8}[size]; wide > 0 {
		clear(head[:])
		if _, err = io.ReadFull(f.in, head[8-wide:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(head[:])
	}
	if size > mostMessage {
		return 0, nil, fmt.Errorf("a message of %d bytes", size)
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(f.in, payload)
	return opcode, payload, err
}

// mostMessage is the largest that the suite has a server send, and some more.
const mostMessage = 16 << 20

// masked is a client's frame, under the mask of zeros.
func masked(opcode byte, payload []byte) []byte {
	b := websocket.AppendHead(make([]byte, 0, len(payload)+14), opcode, len(payload))
	b[1] |= 0x80
	return append(append(b, 0, 0, 0, 0), payload...)
}
