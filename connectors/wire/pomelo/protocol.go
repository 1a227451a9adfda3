package pomelo

import (
	"bytes"
	"errors"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// state is where a conversation stands (P3).
type state byte

const (
	inited  state = iota // no handshake has been answered
	waitAck              // the handshake is answered
	working              // messages flow
	closed
)

// Protocol is the server's end of one client's conversation. An idle client holds
// one, so it is small.
type Protocol struct {
	cfg   *Config           // of the connector, shared
	hello *connectors.Hello // of the first handshake, with what the wire knows; nil once one is answered
	key   *publicKey        // of what the client signs, if that is asked for
	route string            // of the last request: the next is often the same
	began time.Time         // the conversation
	seen  time.Duration     // from then until the client last showed life
	state state

	asked              bool // hello is the application's
	hasDict, hasProtos bool // what the client has kept from an earlier time
}

// NewProtocol makes the conversation with a client of which hello tells the
// connector, the transport and the address. cfg has its defaults filled in.
func NewProtocol(cfg *Config, hello connectors.Hello) *Protocol {
	return &Protocol{cfg: cfg, hello: &hello}
}

// Open begins the conversation: the client speaks first.
func (p *Protocol) Open(step *connectors.Step, now time.Time) {
	p.began = now
	step.ReadLimit = HeaderLen + p.cfg.MaxHello
	step.Expire, _ = p.due()
}

// Feed takes one frame: one package or several, whole. A frame with anything else in it
// is malformed as a whole (P2.3); behind a package that makes no sense nothing counts.
func (p *Protocol) Feed(step *connectors.Step, f connectors.Frame, now time.Time) {
	if p.state == closed {
		return
	}
	p.seen = now.Sub(p.began)
	if err := wholePackages(f); err != nil {
		p.fail(step, err)
		return
	}
	for b := f.Data; len(b) > 0 && p.state != closed; {
		pkg, rest, err := DecodePackage(b)
		if err == nil && len(pkg.Body) > p.limit() {
			err = ErrTooLarge
		}
		if err != nil {
			p.fail(step, err)
			return
		}
		p.take(step, pkg, now)
		b = rest
	}
}

// maxPackages is how many a frame may hold: each becomes a request, many times its size.
const maxPackages = 1024

// wholePackages tells whether a frame is packages and nothing else. An empty text is (P2.3).
func wholePackages(f connectors.Frame) (err error) {
	if len(f.Data) == 0 && !f.Text {
		return ErrShort
	}
	n := 0
	for b := f.Data; len(b) > 0 && err == nil; n++ {
		if n == maxPackages {
			return ErrTooLarge
		}
		_, b, err = DecodePackage(b)
	}
	return err
}

// Expire closes when the handshake or a sign of life is overdue. Life only sets
// seen: here the time by which Expire must be called moves on.
func (p *Protocol) Expire(step *connectors.Step, now time.Time) {
	if p.state == closed {
		return
	}
	due, cause := p.due()
	if due.IsZero() || now.Before(due) {
		step.Expire = due
		return
	}
	p.close(step, cause, "")
}

// take is the table of P3: what is not named there is ignored (P3.1).
func (p *Protocol) take(step *connectors.Step, pkg Package, now time.Time) {
	switch pkg.Type {
	case TypeHandshake:
		if p.state == inited {
			p.handshake(step, pkg.Body)
		}
	case TypeAck:
		if p.state == waitAck {
			p.ack(step, now)
		}
	case TypeHeartbeat:
		if p.state == working {
			p.heartbeat(step)
		}
	case TypeData:
		if p.state == working {
			p.message(step, pkg.Body)
		}
	default: // a kick is the server's to send (P2.5)
		p.fail(step, ErrType)
	}
}

// ack lets messages flow, and starts a browser's heartbeats with ours (P5.1).
func (p *Protocol) ack(step *connectors.Step, now time.Time) {
	p.state = working
	step.Codec = NewCodec(p.cfg)
	step.ReadLimit = HeaderLen + p.cfg.MaxPackage
	p.heartbeat(step)
	if p.cfg.Timeout > 0 {
		step.Expire = now.Add(p.cfg.Timeout)
	}
}

// heartbeat sends one, if there are heartbeats: one at the ack, one for each of
// the client's, none by our own clock (P5.1, P5.2).
func (p *Protocol) heartbeat(step *connectors.Step) {
	if p.cfg.Heartbeat > 0 || p.cfg.Unannounced {
		step.Send = appendHeader(step.Send, TypeHeartbeat, 0)
	}
}

// message routes what a client sends: requests, notifies, and pushes taken for
// notifies (P6.8). Responses are a server's.
func (p *Protocol) message(step *connectors.Step, body []byte) {
	if p.cfg.Decode != nil {
		p.customized(step, body)
		return
	}
	m, err := DecodeMessage(body)
	if err == nil && m.Kind == KindResponse {
		err = ErrKind
	}
	if err != nil {
		p.fail(step, err)
		return
	}
	notify := m.Kind != KindRequest || m.ID == 0 // P6.4
	route, ok := p.routeOf(m)
	if !ok {
		if !notify { // the reference leaves the client waiting (P7.1)
			p.answer(step, m.ID, messages.CodeInternal)
		}
		return
	}
	text, err := p.text(step, route, m.Body)
	if errors.Is(err, errUnsigned) { // dropped, and the connection stays (P14.4)
		return
	}
	if err != nil {
		p.fail(step, err)
		return
	}
	r := step.Request(nil)
	r.Id, r.Notify, r.Route, r.Body, r.Encoding = m.ID, notify, route, text, p.encodingOf(route)
}

// answer answers a request that names no route.
func (p *Protocol) answer(step *connectors.Step, id uint64, code int32) {
	to := connectors.Origin{ID: id}
	fault := &messages.Response{Error: &messages.Error{Code: code}}
	step.Send, _ = NewCodec(p.cfg).AppendResponse(step.Send, to, fault)
}

// text is a copy of body as the application gets it: JSON, if the route is typed,
// and without its signature, if there must be one, which a typed body cannot have
// (P14.5).
func (p *Protocol) text(step *connectors.Step, route string, body []byte) ([]byte, error) {
	m := p.schema(route)
	switch {
	case p.cfg.Crypto && m != nil:
		return nil, errUnsigned
	case p.cfg.Crypto:
		return p.key.open(joinSurrogates(body))
	case m != nil:
		return m.appendJSON(nil, body, true)
	case p.cfg.Encoding != messages.JSON:
		return step.Copy(body), nil
	}
	if bytes.IndexByte(body, surrogateLead) < 0 {
		return step.Copy(body), nil
	}
	return joinSurrogates(body), nil
}

// encodingOf is how the body that text gives for a route is written.
func (p *Protocol) encodingOf(route string) messages.Encoding {
	if p.cfg.Crypto || p.schema(route) != nil {
		return messages.JSON
	}
	return p.cfg.Encoding
}

// schema is how what clients send to route is typed; nil if it is not.
func (p *Protocol) schema(route string) *message {
	if p.cfg.Protos == nil {
		return nil
	}
	return p.cfg.Protos.client.messages[route]
}

// routeOf is the route that m names. A code must be in the dictionary (P8).
func (p *Protocol) routeOf(m Message) (route string, ok bool) {
	if m.Compressed {
		return p.cfg.Dict.Route(m.Code)
	}
	if string(m.Route) != p.route {
		p.route = string(m.Route)
	}
	return p.route, true
}

// limit is the largest body that may come now (F 20).
func (p *Protocol) limit() int {
	if p.state == working {
		return p.cfg.MaxPackage
	}
	return p.cfg.MaxHello
}

// due is when the conversation ends unless the client does something, and why;
// the zero time if never.
func (p *Protocol) due() (at time.Time, cause messages.Cause) {
	if p.state != working && p.cfg.HandshakeTime > 0 {
		at, cause = p.began.Add(p.cfg.HandshakeTime), messages.CauseHandshakeTimeout
	}
	if p.cfg.Timeout <= 0 || p.state != working && p.cfg.Heartbeat > 0 {
		return at, cause
	}
	if life := p.began.Add(p.seen + p.cfg.Timeout); at.IsZero() || life.Before(at) {
		at, cause = life, messages.CauseHeartbeatTimeout
	}
	return at, cause
}

// fail closes because of what the client sent, without a word to it (P12.2).
func (p *Protocol) fail(step *connectors.Step, err error) {
	cause := messages.CauseMalformed
	if errors.Is(err, connectors.ErrTooLarge) {
		cause = messages.CauseTooLarge
	}
	p.close(step, cause, err.Error())
}

func (p *Protocol) close(step *connectors.Step, cause messages.Cause, text string) {
	p.state = closed
	p.hello = nil
	step.Close = &connectors.Reason{Cause: cause, Text: text}
}
