package socketio

import (
	"errors"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
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
	cfg     *Config // of the connector, shared
	seat    *Seat   // nil once the client is in, or gone
	codec   Codec
	route   string // of the last request: the next is often the same
	waits   *waiting
	state   state
	settled bool // the client's mode is known
}

// NewProtocol makes the conversation with a client that has come into a namespace: an EIO4 client
// with its CONNECT, others as soon as there is a connection. cfg has its defaults filled in.
func NewProtocol(cfg *Config, s Seat) *Protocol {
	p := &Protocol{cfg: cfg, seat: &s, codec: Codec{Version: s.Version, Namespace: s.Namespace}}
	if s.Namespace == Main {
		p.codec.Namespace = ""
	}
	p.codec.Mode, p.settled = cfg.choose(s.Mode)
	return p
}

// Open asks the application.
func (p *Protocol) Open(step *connectors.Step, _ time.Time) {
	h := p.seat.Hello
	step.Hello = &h
}

// Welcome lets the client in, or tells it why not. There is no place for user data in a CONNECT.
func (p *Protocol) Welcome(step *connectors.Step, _ any, err error, _ time.Time) {
	if p.state != asked {
		return
	}
	if err != nil {
		e := messages.AsError(err)
		msg := e.Msg
		if msg == "" {
			msg = e.Error()
		}
		step.Send = p.codec.appendRefusal(step.Send, msg, e.Code)
		p.close(step, messages.CauseRefused, e.Error())
		return
	}
	step.Send = p.codec.appendConnect(step.Send, p.seat.SID)
	step.Codec = p.codec
	p.state, p.seat = working, nil
}

// Expire does nothing: a conversation has no deadline of its own.
func (p *Protocol) Expire(*connectors.Step, time.Time) {}

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

func (p *Protocol) packet(step *connectors.Step, b []byte) error {
	if p.waits != nil {
		return ErrAwaited
	}
	if len(b) > p.cfg.MaxMessage {
		return ErrOversized
	}
	k, err := Decode(b)
	if err == nil {
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

// check tells what is wrong with a packet at this time. What EIO3 clients send too early, or twice,
// old ones do.
func (p *Protocol) check(k Packet) error {
	switch k.Type {
	case Disconnect:
		if len(k.Data) > 0 {
			return ErrPayload
		}
		return nil
	case Connect:
		if p.codec.Version == engineio.V4 {
			return ErrState
		}
		return nil
	case ConnectError:
		return ErrType
	}
	if p.state == asked && p.codec.Version == engineio.V4 {
		return ErrState
	}
	if k.Attachments > max(p.cfg.MaxAttachments, 0) {
		return ErrAttachments
	}
	return checkList(k, p.cfg.MaxDepth+1)
}

// checkList tells what is wrong with the payload of an event or an acknowledgement.
func checkList(k Packet, depth int) error {
	if err := checkJSON(k.Data, depth); err != nil {
		return err
	}
	list := trim(k.Data)
	if list[0] != '[' {
		return ErrPayload
	}
	if k.Type == Event || k.Type == BinaryEvent {
		name, _ := next(list[1:])
		if name == nil || !isName(name) {
			return ErrPayload
		}
	}
	if !placeholdersFit(list, k.Attachments) && k.Attachments > 0 {
		return ErrPlaceholder
	}
	return nil
}

// isName tells whether a JSON value can be the name of an event: a number too can.
func isName(v []byte) bool {
	if v[0] == '"' {
		return !reserved(string(unquote(v)))
	}
	return v[0] == '-' || '0' <= v[0] && v[0] <= '9'
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

// event takes an event that is whole. What comes before the client is in means nothing.
func (p *Protocol) event(step *connectors.Step, k Packet, attachments [][]byte) error {
	if p.state != working {
		return nil
	}
	e := readEvent(k)
	if !p.settled {
		p.settle(step, e.isText())
	}
	switch {
	case p.codec.Mode == Events:
		p.request(step, e, attachments)
	case e.isText():
		return p.pomelo(step, e.arg)
	case string(e.name) == "message":
		return ErrText
	}
	return nil
}

// event is what an application sees of a packet.
type event struct {
	id     uint64
	notify bool
	name   []byte
	arg    []byte // JSON; nil if there is none
}

func readEvent(k Packet) event {
	name, rest := next(trim(k.Data)[1:])
	arg, _ := next(rest)
	if name[0] == '"' {
		name = unquote(name)
	}
	return event{k.ID, !k.HasID, name, arg}
}

// isText tells whether a pomelo client may have sent it.
func (e event) isText() bool {
	return string(e.name) == "message" && len(e.arg) > 0 && e.arg[0] == '"'
}

// settle chooses the mode by the first event.
func (p *Protocol) settle(step *connectors.Step, pomelo bool) {
	m := Events
	if pomelo {
		m = Pomelo
	}
	p.settled = true
	if p.codec.Mode != m {
		p.codec.Mode = m
		step.Codec = p.codec
	}
}

// request routes an event. A body that is an attachment alone is bytes.
func (p *Protocol) request(step *connectors.Step, e event, attachments [][]byte) {
	r := step.Request(nil)
	r.Id, r.Notify, r.Route = e.id, e.notify, p.routeOf(e.name)
	if len(attachments) > 0 && len(e.arg) > 0 && e.arg[0] == '{' {
		if num, ok := placeholder(e.arg); ok {
			r.Body, r.Encoding = attachments[num], messages.Raw
			return
		}
	}
	r.Body, r.Attachments = step.Copy(e.arg), attachments
}

// pomelo routes what a pomelo client writes. No body, and null, are {}, as its server has it.
func (p *Protocol) pomelo(step *connectors.Step, literal []byte) error {
	h, err := readHeader(literal[1 : len(literal)-1])
	if err != nil {
		return err
	}
	body := step.Copy(h.body)
	body = appendUnescaped(body[:0], body)
	if len(body) > 0 {
		if err := checkJSON(body, p.cfg.MaxDepth); err != nil {
			return err
		}
	}
	if len(body) == 0 || string(trim(body)) == "null" {
		body = emptyObject
	}
	r := step.Request(nil)
	r.Id, r.Notify, r.Route, r.Body = uint64(h.id), h.id == 0, p.routeOf(h.route), body
	return nil
}

func (p *Protocol) routeOf(route []byte) string {
	if string(route) != p.route {
		p.route = string(route)
	}
	return p.route
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
