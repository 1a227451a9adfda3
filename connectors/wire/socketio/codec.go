package socketio

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Codec    = Codec{}
	_ connectors.Protocol = (*Protocol)(nil)
)

// Errors that refuse to write a message.
var (
	ErrBody     = errors.New("socketio: body is not JSON")
	ErrBinary   = errors.New("socketio: bytes for a pomelo client")
	ErrBeside   = errors.New("socketio: attachments beside a body of bytes")
	ErrReserved = errors.New("socketio: reserved name of an event")
)

// Codec writes messages for the clients of a version, a mode and a namespace, empty for Main, as
// frames of engineio's form. In mode Pomelo they must pass through Join before they are sent. When
// one of its methods fails, dst comes back as it was.
//
// A body of the encoding JSON must be JSON. Others are bytes: attachments in mode Events, and
// refused in mode Pomelo, as are attachments.
type Codec struct {
	Version   engineio.Version
	Mode      Mode
	Namespace string
}

// AppendResponse appends the message that answers request to.ID. An empty answer becomes {}, to a
// pomelo client also one that JavaScript takes for false; an error without a body
// {"code":…,"msg":…}.
func (c Codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	failed := r.Error != nil && len(r.Body) == 0
	body := r.Body
	if !failed && r.Encoding == messages.JSON && (len(body) == 0 || c.Mode == Pomelo && r.Error == nil && !truthy(body)) {
		body = emptyObject
	}
	m := message{body: body, encoding: r.Encoding, attachments: r.Attachments}
	if failed {
		m = message{failure: r.Error}
	}
	if err := c.check(&m); err != nil {
		return dst, err
	}
	if c.Mode == Pomelo {
		t, start := c.text(), len(dst)
		dst = t.raw(openFrame(dst), `{"id":`)
		dst = strconv.AppendUint(dst, to.ID, 10)
		dst = m.append(t.raw(dst, `,"body":`), t)
		return closeFrame(append(dst, '}'), start, answer), nil
	}
	start := len(dst)
	dst = c.appendHead(openFrame(dst), Ack, m.count())
	dst = strconv.AppendUint(dst, to.ID, 10)
	dst = m.append(append(dst, '['), c.text())
	return c.appendAttachments(closeFrame(append(dst, ']'), start, websocket.Text), &m), nil
}

// AppendPush appends the message that brings p. An empty body is null.
func (c Codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	m := message{body: p.Body, encoding: p.Encoding, attachments: p.Attachments}
	if len(p.Body) == 0 && p.Encoding == messages.JSON {
		m.body = null
	}
	if err := c.check(&m); err != nil {
		return dst, err
	}
	t, start := c.text(), len(dst)
	if c.Mode == Pomelo {
		dst = t.raw(openFrame(dst), `{"route":`)
		dst = t.quoted(dst, p.Route)
		dst = m.append(t.raw(dst, `,"body":`), t)
		return closeFrame(append(dst, '}'), start, part), nil
	}
	if reserved(p.Route) {
		return dst, ErrReserved
	}
	dst = c.appendHead(openFrame(dst), Event, m.count())
	dst = t.quoted(append(dst, '['), p.Route)
	dst = m.append(append(dst, ','), t)
	return c.appendAttachments(closeFrame(append(dst, ']'), start, websocket.Text), &m), nil
}

// AppendKick appends the message onKick, with a reason, and with retryAfterMs and spreadMs when the
// client is to come back.
func (c Codec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	t, start := c.text(), len(dst)
	if c.Mode == Pomelo {
		dst = t.raw(openFrame(dst), `{"route":"onKick",`)
		return closeFrame(t.farewell(dst, k), start, part), nil
	}
	dst = c.appendHead(openFrame(dst), Event, 0)
	dst = t.farewell(append(dst, `["onKick",{`...), k)
	return closeFrame(append(dst, ']'), start, websocket.Text), nil
}

func (c Codec) text() text { return textFor(c.Version, c.Mode) }

// appendHead appends what stands before a packet's id, the engine's type of packet first.
func (c Codec) appendHead(dst []byte, typ byte, attachments int) []byte {
	dst = append(dst, engineio.Message)
	if attachments == 0 {
		return appendNamespace(append(dst, typ), c.Namespace)
	}
	dst = append(dst, typ+(BinaryEvent-Event))
	dst = append(strconv.AppendInt(dst, int64(attachments), 10), '-')
	return appendNamespace(dst, c.Namespace)
}

func appendNamespace(dst []byte, namespace string) []byte {
	if namespace == "" || namespace == Main {
		return dst
	}
	return append(append(dst, namespace...), ',')
}

// message is what Response and Push have in common.
type message struct {
	body        []byte
	encoding    messages.Encoding
	attachments [][]byte
	failure     *messages.Error // in place of the rest
}

var (
	emptyObject = []byte("{}")
	null        = []byte("null")
)

// check tells why c's clients cannot be sent m.
func (c Codec) check(m *message) error {
	switch {
	case m.failure != nil:
		return nil
	case c.Mode == Pomelo && m.count() > 0:
		return ErrBinary
	case m.encoding != messages.JSON && len(m.attachments) > 0:
		return ErrBeside
	case m.encoding != messages.JSON:
		return nil
	case !json.Valid(m.body):
		return ErrBody
	case len(m.attachments) > 0 && !placeholdersFit(m.body, len(m.attachments)):
		return ErrPlaceholder
	}
	return nil
}

// count is how many attachments there are to be. A body of bytes is the only one.
func (m *message) count() int {
	if m.failure == nil && m.encoding != messages.JSON {
		return 1
	}
	return len(m.attachments)
}

func (m *message) append(dst []byte, t text) []byte {
	switch {
	case m.failure != nil:
		return t.failure(dst, m.failure)
	case m.encoding != messages.JSON:
		return append(dst, `{"_placeholder":true,"num":0}`...)
	}
	return t.json(dst, m.body)
}

func (c Codec) appendAttachments(dst []byte, m *message) []byte {
	if m.failure == nil && m.encoding != messages.JSON {
		return c.Version.AppendBinary(dst, m.body)
	}
	for _, b := range m.attachments {
		dst = c.Version.AppendBinary(dst, b)
	}
	return dst
}

// truthy tells whether JavaScript takes a JSON value for true. Nothing is not.
func truthy(v []byte) bool {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return false
	}
	if v[0] == '-' || '0' <= v[0] && v[0] <= '9' {
		f, err := strconv.ParseFloat(string(v), 64)
		return f != 0 || err != nil
	}
	switch string(v) {
	case "null", "false", `""`:
		return false
	}
	return true
}

// reserved tells whether an event may not be called so: clients hang up on one.
func reserved(name string) bool {
	switch name {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}
