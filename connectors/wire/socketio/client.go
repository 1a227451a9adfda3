package socketio

import (
	"encoding/json"
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
// are yet to come.
func (c Codec) DecodeSaid(p Packet) ([]Said, error) {
	var args []json.RawMessage
	if err := json.Unmarshal(p.Data, &args); err != nil {
		return nil, ErrPayload
	}
	if (p.Type == Ack || p.Type == BinaryAck) && len(args) == 1 {
		return []Said{{Answers: true, ID: p.ID, Body: args[0]}}, nil
	}
	if p.Type != Event && p.Type != BinaryEvent || len(args) != 2 {
		return nil, ErrPayload
	}
	var name, inside string
	if err := json.Unmarshal(args[0], &name); err != nil {
		return nil, ErrPayload
	}
	if c.Mode == Events {
		return []Said{{Route: name, Body: args[1]}}, nil
	}
	if err := json.Unmarshal(args[1], &inside); err != nil || name != "message" {
		return nil, ErrText
	}
	return splitSaid([]byte(inside))
}

// splitSaid reads one message of pomelo's, or a list.
func splitSaid(b []byte) ([]Said, error) {
	list := []json.RawMessage{b}
	if len(b) > 0 && b[0] == '[' {
		if err := json.Unmarshal(b, &list); err != nil {
			return nil, ErrText
		}
	}
	said := make([]Said, 0, len(list))
	for _, b := range list {
		var m struct {
			ID    *uint64
			Route string
			Body  json.RawMessage
		}
		if err := json.Unmarshal(b, &m); err != nil {
			return nil, ErrText
		}
		s := Said{Answers: m.ID != nil, Route: m.Route, Body: m.Body}
		if m.ID != nil {
			s.ID = *m.ID
		}
		if m.Body == nil {
			s.Body = b
		}
		said = append(said, s)
	}
	return said, nil
}
