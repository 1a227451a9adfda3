package socketio

import (
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
	ErrBeside   = errors.New("socketio: attachments, or arguments, beside a body of bytes")
	ErrReserved = errors.New("socketio: reserved name of an event")
	// ErrArguments: a pomelo client gets a body, and nothing else.
	ErrArguments = errors.New("socketio: arguments for a pomelo client")
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
// {"code":…,"msg":…}, and nothing beside it.
func (c Codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	m := c.answer(r)
	if err := c.check(&m); err != nil {
		return dst, err
	}
	t, start := c.text(), len(dst)
	if c.Mode == Pomelo {
		dst = append(openFrame(dst), `{\"id\":`...)
		dst = strconv.AppendUint(dst, to.ID, 10)
		dst = m.append(append(dst, `,\"body\":`...), t)
		return closeFrame(append(dst, '}'), start, lone), nil
	}
	dst = c.appendHead(openFrame(dst), Ack, m.count())
	dst = strconv.AppendUint(dst, to.ID, 10)
	dst = m.append(append(dst, '['), t)
	dst = closeFrame(append(dst, ']'), start, websocket.Text)
	return m.appendAttachments(dst, c.Version), nil
}

// AppendPush appends the message that brings p. An empty body is null.
func (c Codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	m := message{body: p.Body, encoding: p.Encoding, attachments: p.Attachments, arguments: p.Arguments}
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
		return closeFrame(append(dst, '}'), start, partOf(p)), nil
	}
	if reserved(p.Route) {
		return dst, ErrReserved
	}
	dst = c.appendHead(openFrame(dst), Event, m.count())
	dst = t.quoted(append(dst, '['), p.Route)
	dst = m.append(append(dst, ','), t)
	dst = closeFrame(append(dst, ']'), start, websocket.Text)
	return m.appendAttachments(dst, c.Version), nil
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

func (c Codec) text() text { return text{ascii: c.Version == engineio.V3, inside: c.Mode == Pomelo} }

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
