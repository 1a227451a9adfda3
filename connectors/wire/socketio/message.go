package socketio

import (
	"bytes"
	"strconv"

	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/internal/jsondepth"
	"github.com/fairlead-go/fairlead/messages"
)

// message is what requests, responses and pushes have in common.
type message struct {
	body        []byte
	encoding    messages.Encoding
	attachments [][]byte
	arguments   [][]byte        // behind the body
	failure     *messages.Error // in place of all else
}

var (
	emptyObject = []byte("{}")
	null        = []byte("null")
)

// answer is what c's clients are told with r.
func (c Codec) answer(r *messages.Response) message {
	if r.Error != nil && len(r.Body) == 0 {
		return message{failure: r.Error}
	}
	m := message{body: r.Body, encoding: r.Encoding, attachments: r.Attachments, arguments: r.Arguments}
	switch {
	case r.Encoding != messages.JSON: // an empty body is a message of its own there
	case len(r.Body) == 0, c.Mode == Pomelo && r.Error == nil && !truthy(r.Body):
		m.body = emptyObject
	}
	return m
}

// deepest is how deep what we write may be nested: as deep as encoding/json goes.
const deepest = 10_000

// check tells why c's clients cannot be sent m.
func (c Codec) check(m *message) error {
	switch {
	case m.failure != nil:
		return nil
	case c.Mode == Pomelo && m.count() > 0:
		return ErrBinary
	case c.Mode == Pomelo && len(m.arguments) > 0:
		return ErrArguments
	case m.isBytes() && len(m.attachments)+len(m.arguments) > 0:
		return ErrBeside
	case m.isBytes():
		return nil
	case jsondepth.Valid(m.body, deepest) != nil:
		return ErrBody
	case len(m.attachments) > 0 && !placeholdersFit(m.body, len(m.attachments)):
		return ErrPlaceholder
	}
	for _, a := range m.arguments {
		if jsondepth.Valid(a, deepest) != nil {
			return ErrBody
		}
		if len(m.attachments) > 0 && !placeholdersFit(a, len(m.attachments)) {
			return ErrPlaceholder
		}
	}
	return nil
}

// isBytes tells whether the body is an attachment.
func (m *message) isBytes() bool { return m.failure == nil && m.encoding != messages.JSON }

// count is how many attachments there are to be.
func (m *message) count() int {
	if m.isBytes() {
		return 1
	}
	return len(m.attachments)
}

// append appends what stands in the place of the body.
func (m *message) append(dst []byte, t text) []byte {
	switch {
	case m.failure != nil:
		return t.failure(dst, m.failure)
	case m.isBytes():
		return append(dst, `{"_placeholder":true,"num":0}`...)
	}
	dst = t.json(dst, m.body)
	for _, a := range m.arguments {
		dst = t.json(append(dst, ','), a)
	}
	return dst
}

// appendAttachments appends the frames that follow the packet.
func (m *message) appendAttachments(dst []byte, v engineio.Version) []byte {
	if m.isBytes() {
		return v.AppendBinary(dst, m.body)
	}
	for _, b := range m.attachments {
		dst = v.AppendBinary(dst, b)
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
