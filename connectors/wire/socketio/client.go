package socketio

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unicode/utf16"

	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

// This file is the client's end, for tests and robots.

// AppendConnect appends the packet that asks to come into the namespace, with auth, JSON, if there
// is any.
func (c Codec) AppendConnect(dst, auth []byte) []byte {
	start := len(dst)
	dst = append(c.appendHead(openFrame(dst), Connect, 0), auth...)
	return closeFrame(dst, start, websocket.Text)
}

// ErrLarge refuses to write a request that a pomelo client's header has no room for.
var ErrLarge = errors.New("socketio: id over 32 bits, or route over 255 characters")

// AppendRequest appends what a client writes to ask r, or to notify: its text is never escaped more
// than JSON demands.
func (c Codec) AppendRequest(dst []byte, r *messages.Request) ([]byte, error) {
	m := message{body: r.Body, encoding: r.Encoding, attachments: r.Attachments}
	if len(r.Body) == 0 && r.Encoding == messages.JSON {
		m.body = emptyObject
	}
	if err := c.check(&m); err != nil {
		return dst, err
	}
	start := len(dst)
	if c.Mode == Pomelo {
		if r.Id > math.MaxUint32 || unitsOf(r.Route) > math.MaxUint8 {
			return dst, ErrLarge
		}
		dst = c.appendHead(openFrame(dst), Event, 0)
		dst = appendHeader(append(dst, `["message","`...), r)
		dst = m.append(dst, text{inside: true})
		return closeFrame(append(dst, `"]`...), start, websocket.Text), nil
	}
	dst = c.appendHead(openFrame(dst), Event, m.count())
	if !r.Notify {
		dst = strconv.AppendUint(dst, r.Id, 10)
	}
	dst = text{}.quoted(append(dst, '['), r.Route)
	dst = m.append(append(dst, ','), text{})
	dst = closeFrame(append(dst, ']'), start, websocket.Text)
	return m.appendAttachments(dst, c.Version), nil
}

// appendHeader appends what readHeader reads.
func appendHeader(dst []byte, r *messages.Request) []byte {
	id := r.Id
	if r.Notify {
		id = 0
	}
	for shift := 24; shift >= 0; shift -= 8 {
		dst = appendUnit(dst, byte(id>>shift))
	}
	dst = appendUnit(dst, byte(unitsOf(r.Route)))
	quoted := text{}.quoted(nil, r.Route)
	return append(dst, quoted[1:len(quoted)-1]...)
}

// unitsOf counts the UTF-16 units of text.
func unitsOf(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// appendUnit appends a character up to U+00FF as JSON.stringify writes it.
func appendUnit(dst []byte, c byte) []byte {
	quoted := text{}.quoted(dst, string(rune(c)))
	copy(quoted[len(dst):], quoted[len(dst)+1:])
	return quoted[:len(quoted)-2]
}

// Said is something that a server says in an event or an acknowledgement.
type Said struct {
	// Answers says that it is the response to request ID.
	Answers bool
	ID      uint64
	Route   string
	// Body is JSON. What pomelo's clients are told without one, why they are kicked, is all of
	// what they are told.
	Body []byte
}

// DecodeSaid reads what a server says in a packet, several things if it was a list. Attachments
// are yet to come. Bodies alias p.Data, in mode Events.
func (c Codec) DecodeSaid(p Packet) ([]Said, error) {
	data := trim(p.Data)
	if checkJSON(data, deepest) != nil || data[0] != '[' {
		return nil, ErrPayload
	}
	first, rest := next(data[1:])
	second, rest := next(rest)
	third, _ := next(rest)
	switch {
	case (p.Type == Ack || p.Type == BinaryAck) && first != nil && second == nil:
		return []Said{{Answers: true, ID: p.ID, Body: first}}, nil
	case p.Type != Event && p.Type != BinaryEvent, second == nil, third != nil, first[0] != '"':
		return nil, ErrPayload
	case c.Mode == Events:
		return []Said{{Route: string(unquote(first)), Body: second}}, nil
	case string(unquote(first)) != "message", second[0] != '"':
		return nil, ErrText
	}
	return splitSaid(bytes.Clone(unquote(second)))
}

// splitSaid reads one message of pomelo's, or a list.
func splitSaid(b []byte) ([]Said, error) {
	if checkJSON(b, deepest) != nil {
		return nil, ErrText
	}
	b = trim(b)
	if b[0] != '[' {
		s, err := readSaid(b)
		return []Said{s}, err
	}
	var said []Said
	for v, rest := next(b[1:]); v != nil; v, rest = next(rest) {
		s, err := readSaid(v)
		if err != nil {
			return nil, err
		}
		said = append(said, s)
	}
	return said, nil
}

// readSaid reads the members of a message.
func readSaid(object []byte) (s Said, err error) {
	if object[0] != '{' {
		return s, ErrText
	}
	for name, rest := next(object[1:]); name != nil; name, rest = next(rest) {
		var value []byte
		value, rest = next(rest)
		switch string(unquote(name)) {
		case "id":
			if s.ID, err = strconv.ParseUint(string(value), 10, 64); err != nil {
				return s, ErrText
			}
			s.Answers = true
		case "route":
			if value[0] != '"' {
				return s, ErrText
			}
			s.Route = string(unquote(value))
		case "body":
			s.Body = value
		}
	}
	if s.Body == nil {
		s.Body = object
	}
	return s, nil
}
