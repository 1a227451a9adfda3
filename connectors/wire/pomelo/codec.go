package pomelo

import (
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

var (
	_ connectors.Codec    = Codec{}
	_ connectors.Protocol = (*Protocol)(nil)
)

// ErrNull refuses to push nothing: pomelo's clients read no body at all, and the
// JSON null, as a fault (P11.5, F 7).
var ErrNull = errors.New("pomelo: push without a body")

// ErrAttachments refuses a message with bytes or arguments beside its body, for which this wire has no
// place.
var ErrAttachments = errors.New("pomelo: message with attachments or arguments")

// Codec writes messages for pomelo's clients. When one of its methods fails, dst
// comes back as it was. The zero Codec knows neither dictionary nor schemas; all
// clients of a connector share one that does.
//
// A body of the encoding JSON is text. On a route with a schema it is written as
// the schema says; on others characters above U+FFFF are written as escapes, which
// every client can read (P9.2). Bodies of other encodings are written as they are.
type Codec struct {
	cfg *Config // nil if there is nothing in it to know
}

// NewCodec makes the codec of a connector's clients. Codecs of one cfg are equal,
// as are those of all that bring no dictionary, schemas or Encode.
func NewCodec(cfg *Config) Codec {
	if cfg.Dict == nil && cfg.Protos == nil && cfg.Encode == nil {
		return Codec{}
	}
	return Codec{cfg}
}

// AppendResponse appends the package that answers request to.ID. An answer that
// JavaScript takes for false, or that is empty, becomes {}; an error without a
// body {"code":…,"msg":…} (P7.2). An answer that does not fit the schema of
// to.Route is refused; of an error that does not, nothing is left (P10.8).
func (c Codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	if len(r.Attachments)+len(r.Arguments) > 0 {
		return dst, ErrAttachments
	}
	if len(r.Body) > MaxBody {
		return dst, ErrTooLong
	}
	if c.cfg != nil && c.cfg.Encode != nil {
		return c.appendCustom(dst, to.ID, to.Route, appendResult(nil, r))
	}
	if to.ID > MaxID {
		return dst, ErrID
	}
	start := len(dst)
	dst = appendHeader(dst, TypeData, 0)
	dst = append(dst, Message{Kind: KindResponse}.flag())
	dst = appendID(dst, to.ID)
	m := c.schema(to.Route, r.Encoding)
	if m == nil {
		return closeHeader(appendResult(dst, r), start)
	}
	dst, err := m.appendResult(dst, r)
	if err != nil {
		return dst[:start], err
	}
	return closeHeader(dst, start)
}

// AppendPush appends the package that holds p. An empty body and null are refused
// with ErrNull, any other value is the application's to choose, where no schema
// says what it must be.
func (c Codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	if len(p.Attachments)+len(p.Arguments) > 0 {
		return dst, ErrAttachments
	}
	if len(p.Body) == 0 || string(p.Body) == "null" {
		return dst, ErrNull
	}
	if len(p.Body) > MaxBody {
		return dst, ErrTooLong
	}
	if c.cfg != nil && c.cfg.Encode != nil {
		return c.appendCustom(dst, 0, p.Route, appendBody(nil, p.Body, p.Encoding))
	}
	if len(p.Route) > MaxRoute || !utf8.ValidString(p.Route) {
		return dst, ErrRoute
	}
	start := len(dst)
	dst = appendHeader(dst, TypeData, 0)
	dst = c.appendRoute(dst, p.Route)
	m := c.schema(p.Route, p.Encoding)
	if m == nil {
		return closeHeader(appendBody(dst, p.Body, p.Encoding), start)
	}
	dst, err := m.appendBody(dst, p.Body)
	if err != nil && !errors.Is(err, ErrEmpty) { // no field is {}, and no body
		return dst[:start], err
	}
	return closeHeader(dst, start)
}

// AppendKick appends the package {"reason":…}, with retryAfterMs and spreadMs when the client
// is to come back. The empty text is a reason (P12.1).
func (Codec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	start := len(dst)
	dst = appendHeader(dst, TypeKick, 0)
	dst = append(dst, `{"reason":`...)
	dst = appendString(dst, k.Reason)
	if k.RetryAfterMs > 0 || k.SpreadMs > 0 {
		dst = append(dst, `,"retryAfterMs":`...)
		dst = strconv.AppendUint(dst, uint64(k.RetryAfterMs), 10)
		dst = append(dst, `,"spreadMs":`...)
		dst = strconv.AppendUint(dst, uint64(k.SpreadMs), 10)
	}
	return closeHeader(append(dst, '}'), start)
}

// appendRoute appends the head of a push, with the route's code if it has one
// (P8.2).
func (c Codec) appendRoute(dst []byte, route string) []byte {
	if c.cfg != nil {
		if code, ok := c.cfg.Dict.Code(route); ok {
			return append(dst, Message{Kind: KindPush, Compressed: true}.flag(), byte(code>>8), byte(code))
		}
	}
	dst = append(dst, Message{Kind: KindPush}.flag(), byte(len(route)))
	return append(dst, route...)
}

// schema is how JSON bodies of route are typed; nil if they are not.
func (c Codec) schema(route string, e messages.Encoding) *message {
	if c.cfg == nil || c.cfg.Protos == nil || e != messages.JSON {
		return nil
	}
	return c.cfg.Protos.server.messages[route]
}

// appendResult is appendResult, below, for a route with a schema. Clients see of an
// error what the schema has members for, a code at best (P10.8).
func (m *message) appendResult(dst []byte, r *messages.Response) ([]byte, error) {
	body := r.Body
	switch {
	case r.Error != nil && len(body) == 0:
		body = appendError(nil, r.Error.Code, r.Error.Msg)
	case r.Error == nil && !truthy(body):
		body = emptyObject
	}
	dst, err := m.appendBody(dst, body)
	if r.Error != nil || errors.Is(err, ErrEmpty) {
		return dst, nil
	}
	return dst, err
}

var emptyObject = []byte("{}")

func appendResult(dst []byte, r *messages.Response) []byte {
	switch {
	case r.Error != nil && len(r.Body) == 0:
		return appendError(dst, r.Error.Code, r.Error.Msg)
	case r.Encoding != messages.JSON: // an empty body is a message of its own there
		return append(dst, r.Body...)
	case len(r.Body) == 0, r.Error == nil && !truthy(r.Body):
		return append(dst, emptyObject...)
	}
	return appendBody(dst, r.Body, r.Encoding)
}

func appendBody(dst, body []byte, e messages.Encoding) []byte {
	if e == messages.JSON {
		return appendText(dst, body)
	}
	return append(dst, body...)
}
