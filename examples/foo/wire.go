package main

import (
	"encoding/binary"
	"errors"

	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/examples/foo/page"
	"github.com/fairlead-go/fairlead/messages"
)

// A package of Foo is the size of what follows in two bytes, an id in four, the length of the route in one, the route, and the
// body, which is JSON. A request without an id wants no answer; to clients, a package without one is a push.
const head = 2 + 4 + 1

// foo is what both forms say.
var foo = custom.Config{Decode: decode, Encode: encode, EncodeKick: encodeKick, MaxFrame: page.Room}

var (
	errPackage = errors.New("foo: not a package")
	errLong    = errors.New("foo: package or route too long")
)

// cut tells where a package in a stream ends.
var cut = custom.Prefixed(2)

func decode(b []byte) (*messages.Request, error) {
	if n, err := cut(b); err != nil || n != len(b) || n < head || n < head+int(b[6]) {
		return nil, errPackage
	}
	route, body := b[head:head+int(b[6])], b[head+int(b[6]):]
	return &messages.Request{Id: uint64(binary.BigEndian.Uint32(b[2:])), Route: string(route), Body: body}, nil
}

func encode(dst []byte, m custom.Message) ([]byte, error) {
	size := head + len(m.Route) + len(m.Body)
	if size > page.Room || len(m.Route) > 255 {
		return dst, errLong
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(size-2))
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.ID))
	dst = append(dst, byte(len(m.Route)))
	return append(append(dst, m.Route...), m.Body...), nil
}

// encodeKick is a push with a route of its own.
func encodeKick(dst []byte, k *messages.Kick) ([]byte, error) {
	return encode(dst, custom.Message{Route: "!kick", Body: []byte(k.Reason)})
}
