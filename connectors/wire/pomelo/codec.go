package pomelo

import (
	"errors"
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

// Codec writes messages for pomelo's clients. When one of its methods fails, dst
// comes back as it was.
//
// A body of the encoding JSON is text: characters above U+FFFF are written as
// escapes, which every client can read (P9.2). Others are written as they are.
type Codec struct{}

// AppendResponse appends the package that answers request to.ID. An answer that
// JavaScript takes for false, or that is empty, becomes {}; an error without a
// body {"code":…,"msg":…} (P7.2).
func (Codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	if to.ID > MaxID {
		return dst, ErrID
	}
	if len(r.Body) > MaxBody {
		return dst, ErrTooLong
	}
	start := len(dst)
	dst = appendHeader(dst, TypeData, 0)
	dst = append(dst, Message{Kind: KindResponse}.flag())
	dst = appendID(dst, to.ID)
	return closeHeader(appendResult(dst, r), start)
}

// AppendPush appends the package that holds p. An empty body and null are refused
// with ErrNull, any other value is the application's to choose.
func (Codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	if len(p.Route) > MaxRoute || !utf8.ValidString(p.Route) {
		return dst, ErrRoute
	}
	if len(p.Body) == 0 || string(p.Body) == "null" {
		return dst, ErrNull
	}
	if len(p.Body) > MaxBody {
		return dst, ErrTooLong
	}
	start := len(dst)
	dst = appendHeader(dst, TypeData, 0)
	dst = append(dst, Message{Kind: KindPush}.flag(), byte(len(p.Route)))
	dst = append(dst, p.Route...)
	return closeHeader(appendBody(dst, p.Body, p.Encoding), start)
}

// AppendKick appends the package {"reason":…}. The empty text is a reason (P12.1).
func (Codec) AppendKick(dst []byte, reason string) ([]byte, error) {
	start := len(dst)
	dst = appendHeader(dst, TypeKick, 0)
	dst = append(dst, `{"reason":`...)
	dst = appendString(dst, reason)
	return closeHeader(append(dst, '}'), start)
}

func appendResult(dst []byte, r *messages.Response) []byte {
	switch {
	case r.Error != nil && len(r.Body) == 0:
		return appendError(dst, r.Error.Code, r.Error.Msg)
	case len(r.Body) == 0, r.Error == nil && r.Encoding == messages.JSON && !truthy(r.Body):
		return append(dst, "{}"...)
	}
	return appendBody(dst, r.Body, r.Encoding)
}

func appendBody(dst, body []byte, e messages.Encoding) []byte {
	if e == messages.JSON {
		return appendText(dst, body)
	}
	return append(dst, body...)
}
