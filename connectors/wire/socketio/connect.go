package socketio

import (
	"strconv"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
)

// appendConnect appends the packet that lets a client in. EIO3 clients take the engine's id for
// their own.
func (c Codec) appendConnect(dst []byte, sid string) []byte {
	start := len(dst)
	dst = c.appendHead(openFrame(dst), Connect, 0)
	if c.Version == engineio.V4 {
		t := text{}
		dst = append(t.quoted(append(dst, `{"sid":`...), sid), '}')
	}
	return closeFrame(dst, start, websocket.Text)
}

// appendRefusal appends the packet that tells a client why it may not come in, and a code
// that is not zero to one that can see it.
func (c Codec) appendRefusal(dst []byte, why string, code int32) []byte {
	start := len(dst)
	dst = c.appendHead(openFrame(dst), ConnectError, 0)
	t := text{ascii: c.Version == engineio.V3}
	if t.ascii {
		return closeFrame(t.quoted(dst, why), start, websocket.Text)
	}
	dst = t.quoted(append(dst, `{"message":`...), why)
	if code != 0 {
		dst = strconv.AppendInt(append(dst, `,"data":{"code":`...), int64(code), 10)
		dst = append(dst, '}')
	}
	return closeFrame(append(dst, '}'), start, websocket.Text)
}

// AppendRefusal appends the packet that tells a client of version v why it may not come into a
// namespace.
func AppendRefusal(dst []byte, v engineio.Version, namespace, why string) []byte {
	return Codec{Version: v, Namespace: namespace}.appendRefusal(dst, why, 0)
}

// Auth is what a client that comes in says: nothing, or an object, at most depth levels deep, of
// which the member mode may name the mode it asks for. It is part of p.Data.
func (p Packet) Auth(depth int) (auth []byte, mode Mode, err error) {
	if len(p.Data) == 0 {
		return nil, 0, nil
	}
	if err := checkJSON(p.Data, depth); err != nil {
		return nil, 0, err
	}
	auth = trim(p.Data)
	if auth[0] != '{' {
		return nil, 0, ErrPayload
	}
	for name, rest := next(auth[1:]); name != nil; name, rest = next(rest) {
		var value []byte
		if value, rest = next(rest); string(unquote(name)) == "mode" && value[0] == '"' {
			mode = ModeOf(string(unquote(value)))
		}
	}
	return auth, mode, nil
}
