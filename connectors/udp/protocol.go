package udp

import (
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// ErrTooLong refuses to encode a package that no datagram takes. A response becomes a code 500
// by that (P19.8).
var ErrTooLong = fmt.Errorf("udp: package over %d bytes", MaxDatagram)

// protocol is pomelo's, with a codec that knows how long a datagram may be.
type protocol struct{ *pomelo.Protocol }

func (p protocol) Feed(step *connectors.Step, f connectors.Frame, now time.Time) {
	p.Protocol.Feed(step, f, now)
	if c, ok := step.Codec.(pomelo.Codec); ok {
		step.Codec = codec{c}
	}
}

// codec is pomelo's for what fits into a datagram.
type codec struct{ pomelo.Codec }

func (c codec) AppendResponse(dst []byte, to connectors.Origin, r *messages.Response) ([]byte, error) {
	b, err := c.Codec.AppendResponse(dst, to, r)
	return fit(dst, b, err)
}

func (c codec) AppendPush(dst []byte, p *messages.Push) ([]byte, error) {
	b, err := c.Codec.AppendPush(dst, p)
	return fit(dst, b, err)
}

func (c codec) AppendKick(dst []byte, k *messages.Kick) ([]byte, error) {
	b, err := c.Codec.AppendKick(dst, k)
	return fit(dst, b, err)
}

// fit is b, to which dst has grown, unless it has grown too much.
func fit(dst, b []byte, err error) ([]byte, error) {
	if err == nil && len(b)-len(dst) > MaxDatagram {
		return dst, ErrTooLong
	}
	return b, err
}
