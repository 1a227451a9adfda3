// Package engineio is the packets and payloads of Engine.IO, versions 3 and 4, and its
// heartbeat: no I/O, no clock, no goroutine.
//
// What is to be sent has one form, whatever the transport: WebSocket frames as a server sends
// them. A Text frame is a packet with its type digit; a Binary frame is a binary message, with the
// byte 4 ahead in version 3.
package engineio

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
)

// Version is what a client says with EIO=.
type Version int

// The versions that are spoken: 1.x and 2.x clients of Socket.IO bring V3, later ones V4.
const (
	V3 Version = 3
	V4 Version = 4
)

// Types of packets, as they are written in text.
const (
	Open    byte = '0'
	Close   byte = '1'
	Ping    byte = '2'
	Pong    byte = '3'
	Message byte = '4'
	Upgrade byte = '5'
	Noop    byte = '6'
)

// Probe is the data of the ping that asks whether a WebSocket works, and of the pong that says so.
const Probe = "probe"

// Errors of bytes that are no packet. The connection is lost with each.
var (
	ErrEmpty   = fmt.Errorf("engineio: empty packet: %w", connectors.ErrMalformed)
	ErrType    = fmt.Errorf("engineio: unknown type of packet: %w", connectors.ErrMalformed)
	ErrUTF8    = fmt.Errorf("engineio: text is not UTF-8: %w", connectors.ErrMalformed)
	ErrBase64  = fmt.Errorf("engineio: bad base64: %w", connectors.ErrMalformed)
	ErrLength  = fmt.Errorf("engineio: bad length in payload: %w", connectors.ErrMalformed)
	ErrFraming = fmt.Errorf("engineio: binary payload: %w", connectors.ErrMalformed)
)

// Packet is what an engine carries. Only a Message can be binary.
type Packet struct {
	Type   byte
	Binary bool
	// Data is what follows the type. It aliases what was decoded, unless that was base64 or
	// encoded twice.
	Data []byte
}

// Decode reads a WebSocket message, which is one packet.
func (v Version) Decode(f connectors.Frame) (Packet, error) {
	if !f.Text {
		return v.decodeBinary(f.Data)
	}
	if !utf8.Valid(f.Data) {
		return Packet{}, ErrUTF8
	}
	return v.decodeText(f.Data)
}

// decodeText reads a packet of text, which is known to be UTF-8.
func (v Version) decodeText(b []byte) (Packet, error) {
	switch {
	case len(b) == 0:
		return Packet{}, ErrEmpty
	case b[0] == 'b':
		return v.decodeBase64(b[1:])
	case b[0] < Open || b[0] > Noop:
		return Packet{}, ErrType
	}
	return Packet{Type: b[0], Data: b[1:]}, nil
}

// decodeBinary reads a packet of bytes. Version 3 writes its type, as a number, ahead.
func (v Version) decodeBinary(b []byte) (Packet, error) {
	if v == V3 {
		if len(b) == 0 {
			return Packet{}, ErrEmpty
		}
		if b[0] != binaryMessage {
			return Packet{}, ErrType
		}
		b = b[1:]
	}
	return Packet{Type: Message, Binary: true, Data: b}, nil
}

// binaryMessage is the first byte of a binary message in version 3.
const binaryMessage = Message - '0'

// decodeBase64 reads what follows the b of a client that cannot send bytes. Version 3 writes its
// type ahead.
func (v Version) decodeBase64(b []byte) (Packet, error) {
	if v == V3 {
		if len(b) == 0 || b[0] != Message {
			return Packet{}, ErrType
		}
		b = b[1:]
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(data, b)
	if err != nil || base64.StdEncoding.EncodedLen(n) != len(b) { // line breaks are skipped by the decoder
		return Packet{}, ErrBase64
	}
	return Packet{Type: Message, Binary: true, Data: data[:n]}, nil
}
