//go:build linux

package stress_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
)

// What clients say, encoded once.
const (
	hello = "\x01\x00\x00\x0a" + `{"sys":{}}`
	ack   = "\x02\x00\x00\x00"
)

// dialTime is how long connecting, or a handshake, may take at all.
const dialTime = 10 * time.Second

// way is how a client comes in.
type way struct {
	no    int  // chooses the address it comes from
	web   bool // by WebSocket
	small bool // with the smallest buffer for what it receives
}

// open connects, and says nothing.
func (w way) open(addr string) (net.Conn, error) {
	d := net.Dialer{
		Timeout:   dialTime,
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+w.no/250%250), byte(1+w.no%250))},
	}
	if w.small {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
			})
		}
	}
	c, err := d.Dial("tcp4", addr)
	if err != nil || !w.web {
		return c, err
	}
	dialer := websocket.Dialer{
		NetDialContext:   func(context.Context, string, string) (net.Conn, error) { return c, nil },
		HandshakeTimeout: dialTime, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10,
	}
	ws, _, err := dialer.Dial("ws://"+addr, nil)
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return &webStream{Conn: c, ws: ws}, nil
}

// webStream is a WebSocket as a stream of packages.
type webStream struct {
	net.Conn
	ws   *websocket.Conn
	rest io.Reader
	mu   sync.Mutex // answers and acks come from several goroutines
}

func (s *webStream) Read(b []byte) (int, error) {
	for {
		if s.rest == nil {
			_, r, err := s.ws.NextReader()
			if err != nil {
				return 0, err
			}
			s.rest = r
		}
		n, err := s.rest.Read(b)
		if err == io.EOF {
			s.rest, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (s *webStream) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(b), s.ws.WriteMessage(websocket.BinaryMessage, b)
}

// dial brings a client in, handshake done.
func (w way) dial(addr string) (net.Conn, error) {
	c, err := w.open(addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(dialTime))
	if err := shakeHands(c); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, c.SetDeadline(time.Time{})
}

// shakeHands says hello, reads the answer, says ack, and reads the heartbeat after it.
func shakeHands(c net.Conn) error {
	for _, step := range []struct {
		say  string
		hear byte
	}{{hello, pomelo.TypeHandshake}, {ack, pomelo.TypeHeartbeat}} {
		if _, err := io.WriteString(c, step.say); err != nil {
			return err
		}
		var head [pomelo.HeaderLen]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return err
		}
		if head[0] != step.hear {
			return fmt.Errorf("package type %d, want %d", head[0], step.hear)
		}
		if _, err := io.CopyN(io.Discard, c, int64(bodyLen(head[:]))); err != nil {
			return err
		}
	}
	return nil
}

func bodyLen(head []byte) int { return int(head[1])<<16 | int(head[2])<<8 | int(head[3]) }

// appendRequest appends a request's package.
func appendRequest(dst []byte, id uint32, route string, body []byte) []byte {
	at := len(dst)
	dst = append(dst, pomelo.TypeData, 0, 0, 0, 0) // the flag of a request
	dst = binary.AppendUvarint(dst, uint64(id))
	dst = append(dst, byte(len(route)))
	dst = append(dst, route...)
	dst = append(dst, body...)
	n := len(dst) - at - pomelo.HeaderLen
	dst[at+1], dst[at+2], dst[at+3] = byte(n>>16), byte(n>>8), byte(n)
	return dst
}

// The types of a message, as its flag has them.
const (
	response = 2
	push     = 3
)

// message is what a client is told.
type message struct {
	typ  byte
	id   uint32
	body []byte
}

// parse reads the body of a data package.
func parse(b []byte) (m message, ok bool) {
	if len(b) < 2 {
		return m, false
	}
	m.typ = b[0] >> 1 & 7
	switch b = b[1:]; m.typ {
	case response:
		id, n := binary.Uvarint(b)
		if n <= 0 {
			return m, false
		}
		m.id, m.body = uint32(id), b[n:]
	case push:
		n := 1 + int(b[0])
		if len(b) < n {
			return m, false
		}
		m.body = b[n:]
	default:
		return m, false
	}
	return m, true
}
