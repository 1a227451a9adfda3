// Package mqtt speaks the packets of MQTT 3.1, 3.1.1 and 5.0: a Stream cuts them out of bytes, a Decoder
// reads what is in one, and each kind of packet appends itself. It does no I/O, knows no clock and no
// session: what depends on the packets before is the connector's. Clauses (P20.1) are those of
// docs/protocol.md.
package mqtt

import "strconv"

// Version is the protocol level that a CONNECT names.
type Version byte

// The versions there are.
const (
	V31  Version = 3 // MQTT 3.1, whose protocol is named MQIsdp
	V311 Version = 4
	V5   Version = 5
)

// String is the version as people write it: "3.1.1".
func (v Version) String() string {
	switch v {
	case V31:
		return "3.1"
	case V311:
		return "3.1.1"
	case V5:
		return "5.0"
	}
	return "level " + strconv.Itoa(int(v))
}

// known tells whether there is such a version.
func (v Version) known() bool { return V31 <= v && v <= V5 }

// Type is what a packet is for.
type Type byte

// The types of packets. TypeAuth is of version 5 only.
const (
	TypeConnect Type = 1 + iota
	TypeConnack
	TypePublish
	TypePuback
	TypePubrec
	TypePubrel
	TypePubcomp
	TypeSubscribe
	TypeSuback
	TypeUnsubscribe
	TypeUnsuback
	TypePingreq
	TypePingresp
	TypeDisconnect
	TypeAuth
)

var typeNames = [...]string{
	"", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK",
	"UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
}

// String is the type's name as the standard writes it: "CONNECT".
func (t Type) String() string {
	if TypeConnect <= t && t <= TypeAuth {
		return typeNames[t]
	}
	return "type " + strconv.Itoa(int(t))
}

// The size of packets, in bytes.
const (
	MaxHeader = 5          // of a fixed header
	MaxBody   = 1<<28 - 1  // of what its length can announce
	maxText   = 1<<16 - 1  // of a string
	longVar   = 4          // of a number of variable length
	moreBit   = byte(0x80) // set where more bytes of such a number come
)

// Header is the fixed header of a packet.
type Header struct {
	Type   Type
	Flags  byte // the lower four bits
	Length int  // of the body, in bytes
}

// DecodeHeader reads the header at the head of b, and n is how many bytes it has: 0 without an error when
// b ends before it does. It fails with ErrType and ErrLength; after both the stream is lost.
func DecodeHeader(b []byte) (h Header, n int, err error) {
	if len(b) == 0 {
		return Header{}, 0, nil
	}
	h = Header{Type: Type(b[0] >> 4), Flags: b[0] & 0x0f}
	if h.Type < TypeConnect {
		return Header{}, 0, ErrType
	}
	length, n, err := decodeVar(b[1:])
	if n == 0 {
		return Header{}, 0, err
	}
	h.Length = length
	return h, 1 + n, nil
}

// decodeVar reads a number of variable length; n is 0 without an error when b ends before it does.
func decodeVar(b []byte) (v, n int, err error) {
	for i := range min(len(b), longVar) {
		v |= int(b[i]&^moreBit) << (7 * i)
		if b[i] < moreBit {
			if i > 0 && b[i] == 0 {
				return 0, 0, ErrLength // a longer form of a shorter number
			}
			return v, i + 1, nil
		}
	}
	if len(b) >= longVar {
		return 0, 0, ErrLength
	}
	return 0, 0, nil
}

// Packet is a whole packet whose body has not been looked at.
type Packet struct {
	Type  Type
	Flags byte
	Body  []byte
}

// Cut reads the packet at the head of b and returns what follows it. The body aliases b. Besides the
// errors of DecodeHeader there is ErrShort, when b ends before the packet does.
func Cut(b []byte) (p Packet, rest []byte, err error) {
	h, n, err := DecodeHeader(b)
	if err != nil {
		return Packet{}, b, err
	}
	end := n + h.Length
	if n == 0 || len(b) < end {
		return Packet{}, b, ErrShort
	}
	return Packet{Type: h.Type, Flags: h.Flags, Body: b[n:end:end]}, b[end:], nil
}
