// Package pomelo speaks pomelo's wire: packages and the messages inside them, a
// Stream that cuts packages out of bytes, the Protocol that holds one client's
// conversation, and the Codec that writes what is sent to it. A Dictionary shortens
// routes, Schemas type bodies. It does no I/O and knows no clock. Clauses (P4.2) are
// those of docs/protocol.md.
package pomelo

import (
	"errors"
	"fmt"

	"github.com/fairlead-go/fairlead/connectors"
)

// What a package is for (P2).
const (
	TypeHandshake byte = 1 + iota
	TypeAck
	TypeHeartbeat
	TypeData
	TypeKick
)

// A package is a head of HeaderLen bytes, the type and a length of 24 bits, and
// a body of at most MaxBody bytes.
const (
	HeaderLen = 4
	MaxBody   = 1<<24 - 1
)

// Errors a package decodes to. After each of them the stream is lost.
var (
	ErrShort    = fmt.Errorf("pomelo: short package: %w", connectors.ErrMalformed)
	ErrType     = fmt.Errorf("pomelo: unknown package type: %w", connectors.ErrMalformed)
	ErrTooLarge = fmt.Errorf("pomelo: package over the limit: %w", connectors.ErrTooLarge)
)

// ErrTooLong refuses to encode a body that 24 bits cannot announce (P2.1).
var ErrTooLong = errors.New("pomelo: body over 16 MiB")

// Package is the outer unit of the wire.
type Package struct {
	Type byte
	Body []byte
}

// DecodePackage reads the package at the head of b and returns what follows it.
// The body aliases b.
func DecodePackage(b []byte) (p Package, rest []byte, err error) {
	if len(b) < HeaderLen {
		return Package{}, b, ErrShort
	}
	if !known(b[0]) {
		return Package{}, b, ErrType
	}
	end := HeaderLen + announced(b)
	if len(b) < end {
		return Package{}, b, ErrShort
	}
	return Package{Type: b[0], Body: b[HeaderLen:end:end]}, b[end:], nil
}

// Append appends the package to dst. When it fails, dst comes back as it was.
func (p Package) Append(dst []byte) ([]byte, error) {
	if !known(p.Type) {
		return dst, ErrType
	}
	if len(p.Body) > MaxBody {
		return dst, ErrTooLong
	}
	return append(appendHeader(dst, p.Type, len(p.Body)), p.Body...), nil
}

func known(t byte) bool { return TypeHandshake <= t && t <= TypeKick }

// announced is the body length that the header at the head of b tells.
func announced(b []byte) int { return int(b[1])<<16 | int(b[2])<<8 | int(b[3]) }

func appendHeader(dst []byte, t byte, n int) []byte {
	return append(dst, t, byte(n>>16), byte(n>>8), byte(n))
}

// closeHeader writes the length of the package that began at start, now that its
// body is complete. When the body is too long, dst comes back without it.
func closeHeader(dst []byte, start int) ([]byte, error) {
	n := len(dst) - start - HeaderLen
	if n > MaxBody {
		return dst[:start], ErrTooLong
	}
	dst[start+1], dst[start+2], dst[start+3] = byte(n>>16), byte(n>>8), byte(n)
	return dst, nil
}
