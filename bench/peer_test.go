package bench_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
)

// Pomelo's packages and messages, as far as a peer speaks them.
const (
	pkgHandshake, pkgAck, pkgData      = 1, 2, 4
	msgRequest, msgResponse, msgPushed = 0, 2 << 1, 3 << 1

	hello   = `{"sys":{"type":"bench","version":"1"}}`
	upgrade = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

func pack(typ byte, body []byte) []byte {
	return append([]byte{typ, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// request is the package that asks x.<name>.
func request(id uint64, name string, body []byte) []byte {
	m := binary.AppendUvarint([]byte{msgRequest}, id)
	route := "x." + name
	return pack(pkgData, append(append(append(m, byte(len(route))), route...), body...))
}

// response is the package that answers it.
func response(id uint64, body []byte) []byte {
	return pack(pkgData, append(binary.AppendUvarint([]byte{msgResponse}, id), body...))
}

// pushed is word's package.
func pushed() []byte {
	return pack(pkgData, append(append([]byte{msgPushed, byte(len(word.Route))}, word.Route...), word.Body...))
}

// masked is a client's WebSocket message, with a mask of zeros, which leaves it as it is.
func masked(packages []byte) []byte {
	return frame(packages, 0x80, 0, 0, 0, 0)
}

// unmasked is a server's.
func unmasked(packages []byte) []byte { return frame(packages, 0) }

func frame(b []byte, bit byte, mask ...byte) []byte {
	f := []byte{0x82, bit | byte(len(b))}
	if len(b) > 125 {
		f = binary.BigEndian.AppendUint16([]byte{0x82, bit | 126}, uint16(len(b)))
	}
	return append(append(f, mask...), b...)
}

// hand shakes hands, as often as one likes; it allocates once.
type hand struct {
	upgrade, hello, ack []byte
	head                []byte
	rest                [256]byte
}

func newHand(web bool) *hand {
	h := &hand{hello: pack(pkgHandshake, []byte(hello)), ack: pack(pkgAck, nil), head: make([]byte, 4)}
	if web {
		h.upgrade, h.hello, h.ack = []byte(upgrade), masked(h.hello), masked(h.ack)
		h.head = make([]byte, len(unmasked(h.head)))
	}
	return h
}

// shake brings a client in. It has heard the server's first heartbeat then.
func (h *hand) shake(conn io.ReadWriter) error {
	if err := h.climb(conn); err != nil {
		return err
	}
	if err := h.say(conn, h.hello); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, h.rest[:binary.BigEndian.Uint16(h.head[len(h.head)-2:])]); err != nil {
		return err
	}
	return h.say(conn, h.ack)
}

// climb makes a WebSocket of conn, if it is to be one.
func (h *hand) climb(conn io.ReadWriter) error {
	if h.upgrade == nil {
		return nil
	}
	if _, err := conn.Write(h.upgrade); err != nil {
		return err
	}
	last := h.rest[:4]
	for clear(last); string(last) != "\r\n\r\n"; {
		copy(last, last[1:])
		if _, err := io.ReadFull(conn, last[3:]); err != nil {
			return err
		}
	}
	return nil
}

// say writes b and reads the head of the package that comes back, which has less than 126 bytes.
func (h *hand) say(conn io.ReadWriter, b []byte) error {
	if _, err := conn.Write(b); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, h.head)
	return err
}

// peer is a client that says the same again and again, and allocates nothing by it.
type peer struct {
	conn net.Conn
	web  bool
	ask  []byte
	want []byte
	got  []byte
}

// says fixes what the peer writes at once, and what is to come back: over a WebSocket in one message each.
func (p *peer) says(ask, back []byte) {
	p.ask, p.want = ask, back
	if p.web {
		p.ask, p.want = masked(ask), unmasked(back)
	}
	p.got = make([]byte, len(p.want))
}

// once says it, and waits for what comes back.
func (p *peer) once(tb testing.TB) {
	if _, err := p.conn.Write(p.ask); err != nil {
		tb.Fatal(err)
	}
	p.hear(tb)
}

// hear waits for what is to come back.
func (p *peer) hear(tb testing.TB) {
	if _, err := io.ReadFull(p.conn, p.got); err != nil {
		tb.Fatal(err)
	}
	if !bytes.Equal(p.got, p.want) {
		tb.Fatalf("got %q, want %q", p.got, p.want)
	}
}
