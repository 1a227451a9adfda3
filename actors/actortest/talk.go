package actortest

import (
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/body"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Protocol = (*talk)(nil)
	_ connectors.Codec    = codec{}
)

// What the server says. A message is its kind, its length and itself, in protobuf but for a welcome.
const (
	welcomed byte = iota
	refused
	answered
	pushed
	kicked
)

// talk is a client's conversation: it comes in and asks.
type talk struct{ line *line }

// Open has the application asked at once.
func (t *talk) Open(step *connectors.Step, _ time.Time) {
	who := t.line.who
	step.Hello = &connectors.Hello{
		Connector: "actortest", Transport: t.line.Transport(), RemoteAddr: t.line.addr,
		Type: "actortest", User: who.User, Settings: who.Settings,
	}
}

// Welcome tells the client.
func (t *talk) Welcome(step *connectors.Step, user any, err error, _ time.Time) {
	var answer []byte
	if err == nil && user != nil {
		answer, err = body.JSON(user)
	}
	if err != nil {
		step.Send = appendRefusal(step.Send, messages.AsError(err))
		step.Close = &connectors.Reason{Cause: messages.CauseRefused, Text: err.Error()}
		return
	}
	step.Send = appendText(step.Send, welcomed, answer)
	step.Codec = codec{}
}

// Feed takes a request.
func (t *talk) Feed(step *connectors.Step, f connectors.Frame, _ time.Time) {
	r := step.Request(nil)
	if err := proto.Unmarshal(f.Data, r); err != nil {
		step.Requests = step.Requests[:len(step.Requests)-1]
		step.Close = &connectors.Reason{Cause: messages.CauseMalformed, Text: err.Error()}
	}
}

// Expire has nothing to do: clients live as long as their test.
func (t *talk) Expire(*connectors.Step, time.Time) {}

// codec writes what cut and line.sort read.
type codec struct{}

func (codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	return appendMessage(dst, answered, &messages.Response{
		Seq: to.ID, Body: r.Body, Encoding: r.Encoding, Error: r.Error, Attachments: r.Attachments, Arguments: r.Arguments,
	})
}

func (codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	return appendMessage(dst, pushed, p)
}

func (codec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	return appendMessage(dst, kicked, k)
}

// appendRefusal leaves the words out if they are no text.
func appendRefusal(dst []byte, e *messages.Error) []byte {
	b, err := appendMessage(dst, refused, e)
	if err != nil {
		b, _ = appendMessage(dst, refused, &messages.Error{Code: e.Code}) // a number can be written
	}
	return b
}

func appendMessage(dst []byte, kind byte, m proto.Message) ([]byte, error) {
	b, err := proto.Marshal(m)
	if err != nil {
		return dst, err
	}
	return appendText(dst, kind, b), nil
}

func appendText(dst []byte, kind byte, text []byte) []byte {
	dst = binary.AppendUvarint(append(dst, kind), uint64(len(text)))
	return append(dst, text...)
}

// cut cuts off the message that b begins with.
func cut(b []byte) (kind byte, text, rest []byte, err error) {
	size, n := binary.Uvarint(b[1:])
	if n <= 0 || size > uint64(len(b)-1-n) {
		return 0, nil, nil, connectors.ErrMalformed
	}
	text, rest = b[1+n:][:size], b[1+n:][size:]
	return b[0], text, rest, nil
}
