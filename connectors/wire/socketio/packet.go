// Package socketio is the packets of Socket.IO, protocols 4 (with Engine.IO 3) and 5 (with
// Engine.IO 4), and what fairlead's messages are in them: as pomelo's clients write them, or as
// plain events with acknowledgements. No I/O, no clock, no goroutine.
package socketio

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/fairlead-go/fairlead/connectors"
)

// Types of packets, as they are written.
const (
	Connect      byte = '0'
	Disconnect   byte = '1'
	Event        byte = '2'
	Ack          byte = '3'
	ConnectError byte = '4'
	BinaryEvent  byte = '5'
	BinaryAck    byte = '6'
)

// Main is the namespace that a client is in when it names none.
const Main = "/"

// Errors of text that is no packet.
var (
	ErrType        = fmt.Errorf("socketio: unknown type of packet: %w", connectors.ErrMalformed)
	ErrAttachments = fmt.Errorf("socketio: bad number of attachments: %w", connectors.ErrMalformed)
	ErrID          = fmt.Errorf("socketio: acknowledgement id over 64 bits: %w", connectors.ErrMalformed)
)

// Packet is a packet of Socket.IO without its attachments, which follow it as binary messages.
type Packet struct {
	Type        byte
	Attachments int
	Namespace   []byte // nil is Main
	Query       []byte // behind the namespace, as EIO3 clients write it; without the ?
	ID          uint64 // of the acknowledgement, if HasID
	HasID       bool
	Data        []byte // JSON, which is not looked at
}

// Decode reads the packet in an engine's message, which it aliases.
func Decode(b []byte) (p Packet, err error) {
	if len(b) == 0 || b[0] < Connect || b[0] > BinaryAck {
		return Packet{}, ErrType
	}
	p.Type, b = b[0], b[1:]
	if p.binary() {
		if p.Attachments, b, err = cutAttachments(b); err != nil {
			return Packet{}, err
		}
	}
	if len(b) > 0 && b[0] == '/' {
		b = p.cutNamespace(b)
	}
	if b, err = p.cutID(b); err != nil {
		return Packet{}, err
	}
	p.Data = b
	return p, nil
}

// Append appends the packet's text to dst. A query is a client's to write.
func (p Packet) Append(dst []byte) []byte {
	dst = append(dst, p.Type)
	if p.binary() {
		dst = append(strconv.AppendInt(dst, int64(p.Attachments), 10), '-')
	}
	if p.Namespace != nil {
		dst = append(dst, p.Namespace...)
		if p.Query != nil {
			dst = append(append(dst, '?'), p.Query...)
		}
		dst = append(dst, ',')
	}
	if p.HasID {
		dst = strconv.AppendUint(dst, p.ID, 10)
	}
	return append(dst, p.Data...)
}

func (p *Packet) binary() bool { return p.Type >= BinaryEvent }

// maxCount is more attachments than any limit allows.
const maxCount = 1 << 16

func cutAttachments(b []byte) (n int, rest []byte, err error) {
	for i, c := range b {
		switch {
		case '0' <= c && c <= '9' && n < maxCount:
			n = n*10 + int(c-'0')
		case c == '-' && i > 0:
			return n, b[i+1:], nil
		default:
			return 0, nil, ErrAttachments
		}
	}
	return 0, nil, ErrAttachments
}

// cutNamespace reads what b begins with up to a comma, or all of it.
func (p *Packet) cutNamespace(b []byte) (rest []byte) {
	if i := bytes.IndexByte(b, ','); i >= 0 {
		b, rest = b[:i:i], b[i+1:]
	}
	if i := bytes.IndexByte(b, '?'); i >= 0 {
		b, p.Query = b[:i:i], b[i+1:]
	}
	if string(b) != Main {
		p.Namespace = b
	}
	return rest
}

func (p *Packet) cutID(b []byte) (rest []byte, err error) {
	for i, c := range b {
		if c < '0' || c > '9' {
			return b[i:], nil
		}
		d := uint64(c - '0')
		if p.ID > (math.MaxUint64-d)/10 {
			return nil, ErrID
		}
		p.ID, p.HasID = p.ID*10+d, true
	}
	return nil, nil
}
