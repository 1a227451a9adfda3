package socketio

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// Errors of what a client may not send.
var (
	ErrPayload = fmt.Errorf("socketio: payload does not fit the packet: %w", connectors.ErrMalformed)
	// ErrPlaceholder refuses to write a message, too.
	ErrPlaceholder = fmt.Errorf("socketio: placeholder without an attachment: %w", connectors.ErrMalformed)
	ErrDepth       = fmt.Errorf("socketio: JSON nested too deep: %w", connectors.ErrMalformed)
	ErrState       = fmt.Errorf("socketio: packet out of turn: %w", connectors.ErrMalformed)
	ErrText        = fmt.Errorf("socketio: not a pomelo client's text: %w", connectors.ErrMalformed)
	ErrUnbidden    = fmt.Errorf("socketio: attachment that no packet announced: %w", connectors.ErrMalformed)
	ErrAwaited     = fmt.Errorf("socketio: packet in place of an attachment: %w", connectors.ErrMalformed)
	ErrOversized   = fmt.Errorf("socketio: packet with its attachments: %w", connectors.ErrTooLarge)
)

// state is where a conversation stands.
type state byte

const (
	asked state = iota // the application thinks about the client
	working
	closed
)

// Protocol is the server's end of one client's conversation in one namespace. The heartbeat is
// the transport's, as are packets for other namespaces and the DISCONNECT that ends it all.
type Protocol struct {
	cfg     *Config   // of the connector, shared
	seat    *newcomer // nil once the client is in, or gone
	codec   Codec
	route   string // of the last request: the next is often the same
	waits   *waiting
	state   state
	settled bool // the client's mode is known
}

// NewProtocol makes the conversation with a client that has come into a namespace: an EIO4 client
// with its CONNECT, others as soon as there is a connection. cfg has its defaults filled in.
func NewProtocol(cfg *Config, s Seat) *Protocol {
	p := &Protocol{cfg: cfg, seat: &newcomer{Seat: s}, codec: Codec{Version: s.Version, Namespace: s.Namespace}}
	if s.Namespace == Main {
		p.codec.Namespace = ""
	}
	p.codec.Mode, p.settled = cfg.choose(s.Mode)
	return p
}

// newcomer is a client that the application thinks about.
type newcomer struct {
	Seat
	until time.Time // when it must have an answer
}

// Open asks the application.
func (p *Protocol) Open(step *connectors.Step, now time.Time) {
	step.Hello = &p.seat.Hello
	p.seat.until = now.Add(p.cfg.HandshakeTime)
	step.Expire = p.seat.until
}

// Welcome lets the client in, or tells it why not. There is no place for user data in a CONNECT.
func (p *Protocol) Welcome(step *connectors.Step, _ any, err error, _ time.Time) {
	if p.state != asked {
		return
	}
	if err != nil {
		e := messages.AsError(err)
		step.Send = p.codec.appendRefusal(step.Send, cmp.Or(e.Msg, e.Error()), e.Code)
		p.close(step, messages.CauseRefused, e.Error())
		return
	}
	step.Send = p.codec.appendConnect(step.Send, p.seat.SID)
	step.Codec = p.codec
	p.state, p.seat = working, nil
}

// Expire ends the time that the application has to think about the client. Nothing else has a deadline.
func (p *Protocol) Expire(step *connectors.Step, now time.Time) {
	switch {
	case p.state != asked:
	case now.Before(p.seat.until):
		step.Expire = p.seat.until
	default:
		p.close(step, messages.CauseHandshakeTimeout, "the application has not answered")
	}
}

// Feed takes the data of one engine message: a packet, which is known to be for this namespace, or
// an attachment.
func (p *Protocol) Feed(step *connectors.Step, f connectors.Frame, _ time.Time) {
	if p.state == closed {
		return
	}
	var err error
	if f.Text {
		err = p.packet(step, f.Data)
	} else {
		err = p.attachment(step, f.Data)
	}
	if err != nil {
		p.fail(step, err)
	}
}

// packet takes a packet. Acknowledgements mean nothing, since the server asks for none.
func (p *Protocol) packet(step *connectors.Step, b []byte) error {
	if p.waits != nil {
		return ErrAwaited
	}
	if len(b) > p.cfg.MaxMessage {
		return ErrOversized
	}
	k, err := Decode(b)
	if err == nil {
		if inside, ok := p.said(k); ok {
			return p.pomelo(step, inside)
		}
		err = p.check(k)
	}
	switch {
	case err != nil:
		return err
	case k.Type == Disconnect:
		p.close(step, messages.CauseClient, "")
	case k.Attachments > 0:
		k.Namespace, k.Query, k.Data = nil, nil, step.Copy(k.Data)
		p.waits = &waiting{packet: k, size: len(b)}
	case k.Type == Event || k.Type == BinaryEvent:
		return p.event(step, k, nil)
	}
	return nil
}

// waiting is a packet whose attachments have not all come.
type waiting struct {
	packet      Packet
	attachments [][]byte
	size        int // of all that has come
}

func (p *Protocol) attachment(step *connectors.Step, b []byte) error {
	w := p.waits
	if w == nil {
		return ErrUnbidden
	}
	if w.size += len(b); w.size > p.cfg.MaxMessage {
		return ErrOversized
	}
	w.attachments = append(w.attachments, step.Copy(b))
	if len(w.attachments) < w.packet.Attachments {
		return nil
	}
	p.waits = nil
	if w.packet.Type == BinaryAck {
		return nil
	}
	return p.event(step, w.packet, w.attachments)
}

func (p *Protocol) fail(step *connectors.Step, err error) {
	cause := messages.CauseMalformed
	if errors.Is(err, connectors.ErrTooLarge) {
		cause = messages.CauseTooLarge
	}
	p.close(step, cause, err.Error())
}

func (p *Protocol) close(step *connectors.Step, cause messages.Cause, text string) {
	p.state, p.seat, p.waits = closed, nil, nil
	step.Close = &connectors.Reason{Cause: cause, Text: text}
}
