package custom

import (
	"encoding/json"
	"errors"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// ErrAttachments refuses a message with bytes or arguments beside its body, for which this wire has no place.
var ErrAttachments = errors.New("custom: message with attachments or arguments")

// NewCodec makes the codec of a connector's clients from Encode and EncodeKick. Codecs of one cfg are equal.
func NewCodec(cfg *Config) connectors.Codec { return codec{cfg} }

type codec struct{ cfg *Config }

// AppendResponse appends what Encode makes of a response.
func (c codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	if len(r.Attachments)+len(r.Arguments) > 0 {
		return dst, ErrAttachments
	}
	body := r.Body
	if r.Error != nil && len(body) == 0 {
		body = errorBody(r.Error)
	}
	return c.encode(dst, Message{ID: to.ID, Route: to.Route, Body: body, Error: r.Error})
}

// AppendPush appends what Encode makes of a push.
func (c codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	if len(p.Attachments)+len(p.Arguments) > 0 {
		return dst, ErrAttachments
	}
	return c.encode(dst, Message{Route: p.Route, Body: p.Body})
}

// AppendKick appends what EncodeKick makes of a kick.
func (c codec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	if c.cfg.EncodeKick == nil {
		return dst, nil
	}
	b, err := c.cfg.EncodeKick(room(dst), k)
	return joined(dst, b, err)
}

func (c codec) encode(dst []byte, m Message) ([]byte, error) {
	if m.Body == nil {
		m.Body = []byte{}
	}
	b, err := c.cfg.Encode(room(dst), m)
	return joined(dst, b, err)
}

// room is what is free behind dst: what was written before is out of reach of whoever gets it.
func room(dst []byte) []byte { return dst[len(dst):] }

// joined is dst and b behind it, which may be there already.
func joined(dst, b []byte, err error) ([]byte, error) {
	if err != nil {
		return dst, err
	}
	return append(dst, b...), nil
}

func errorBody(e *messages.Error) []byte {
	b, err := json.Marshal(struct {
		Code int32  `json:"code"`
		Msg  string `json:"msg,omitempty"`
	}{e.Code, e.Msg})
	if err != nil { // it is a number and a text
		return []byte("{}")
	}
	return b
}
