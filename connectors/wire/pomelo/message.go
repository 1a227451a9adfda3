package pomelo

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
)

// Kind says what a message is (P6.1).
type Kind byte

// The kinds of messages. A request and a response have an id, all but a response
// a route.
const (
	KindRequest Kind = iota
	KindNotify
	KindResponse
	KindPush
)

// MaxID is the largest request id accepted (P6.4), MaxRoute the longest route in
// bytes (P6.5).
const (
	MaxID    = math.MaxUint32
	MaxRoute = math.MaxUint8
)

// Errors a malformed message decodes to, or that refuse to encode one.
var (
	ErrShortMessage = fmt.Errorf("pomelo: short message: %w", connectors.ErrMalformed)
	ErrKind         = fmt.Errorf("pomelo: unknown kind of message: %w", connectors.ErrMalformed)
	ErrID           = fmt.Errorf("pomelo: message id over 32 bits: %w", connectors.ErrMalformed)
	ErrRoute        = fmt.Errorf("pomelo: route not UTF-8 or over 255 bytes: %w", connectors.ErrMalformed)
)

const (
	flagCompressed = 0x01
	flagGzip       = 0x10
)

// Message is the inner unit of the wire: the body of a data package.
type Message struct {
	Kind Kind
	// Compressed says that Code stands for the route. On a response the bit
	// means nothing.
	Compressed bool
	// Gzip is the flag bit of that name. Nothing here inflates; pomelo's clients
	// must not see it (P6.2).
	Gzip  bool
	Code  uint16
	ID    uint64
	Route []byte
	Body  []byte
}

// DecodeMessage reads the message that fills b. Route and body alias b. Flag bits
// 5 to 7 are ignored, as by the reference.
func DecodeMessage(b []byte) (m Message, err error) {
	if len(b) == 0 {
		return Message{}, ErrShortMessage
	}
	flag, b := b[0], b[1:]
	m = Message{Kind: Kind(flag >> 1 & 7), Compressed: flag&flagCompressed != 0, Gzip: flag&flagGzip != 0}
	if m.Kind > KindPush {
		return Message{}, ErrKind
	}
	if m.Kind.hasID() {
		if m.ID, b, err = cutID(b); err != nil {
			return Message{}, err
		}
	}
	if m.Kind.hasRoute() {
		if b, err = m.cutRoute(b); err != nil {
			return Message{}, err
		}
	}
	m.Body = b
	return m, nil
}

// Append appends the message to dst. When it fails, dst comes back as it was.
func (m Message) Append(dst []byte) ([]byte, error) {
	if err := m.check(); err != nil {
		return dst, err
	}
	dst = append(dst, m.flag())
	if m.Kind.hasID() {
		dst = appendID(dst, m.ID)
	}
	switch {
	case !m.Kind.hasRoute():
	case m.Compressed:
		dst = append(dst, byte(m.Code>>8), byte(m.Code))
	default:
		dst = append(append(dst, byte(len(m.Route))), m.Route...)
	}
	return append(dst, m.Body...), nil
}

func (m Message) check() error {
	switch {
	case m.Kind > KindPush:
		return ErrKind
	case m.Kind.hasID() && m.ID > MaxID:
		return ErrID
	case m.Kind.hasRoute() && !m.Compressed && (len(m.Route) > MaxRoute || !utf8.Valid(m.Route)):
		return ErrRoute
	}
	return nil
}

func (m Message) flag() byte {
	f := byte(m.Kind) << 1
	if m.Compressed {
		f |= flagCompressed
	}
	if m.Gzip {
		f |= flagGzip
	}
	return f
}

// cutRoute reads the route, plain or compressed, and returns what follows it.
func (m *Message) cutRoute(b []byte) ([]byte, error) {
	if m.Compressed {
		if len(b) < 2 {
			return nil, ErrShortMessage
		}
		m.Code = uint16(b[0])<<8 | uint16(b[1])
		return b[2:], nil
	}
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return nil, ErrShortMessage
	}
	end := 1 + int(b[0])
	m.Route = b[1:end:end]
	if !utf8.Valid(m.Route) {
		return nil, ErrRoute
	}
	return b[end:], nil
}

func (k Kind) hasID() bool    { return k == KindRequest || k == KindResponse }
func (k Kind) hasRoute() bool { return k != KindResponse }

// maxIDLen is what 32 bits take in groups of 7.
const maxIDLen = 5

// cutID reads an id, lowest group first (P6.3). Longer forms than needed are
// accepted, but none over maxIDLen bytes or 32 bits (P6.4, F 1).
func cutID(b []byte) (id uint64, rest []byte, err error) {
	for i, c := range b {
		if i == maxIDLen {
			return 0, nil, ErrID
		}
		id |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if id > MaxID {
				return 0, nil, ErrID
			}
			return id, b[i+1:], nil
		}
	}
	if len(b) >= maxIDLen {
		return 0, nil, ErrID
	}
	return 0, nil, ErrShortMessage
}

func appendID(dst []byte, id uint64) []byte {
	for id >= 0x80 {
		dst = append(dst, byte(id)|0x80)
		id >>= 7
	}
	return append(dst, byte(id))
}
