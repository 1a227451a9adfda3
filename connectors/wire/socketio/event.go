package socketio

import (
	"bytes"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/internal/jsondepth"
	"github.com/fairlead-go/fairlead/messages"
)

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
		return p.request(step, e, attachments)
	case e.isText():
		return p.pomelo(step, e.arg[1:len(e.arg)-1])
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
	more   []byte // the arguments behind it
}

func readEvent(k Packet) event {
	name, rest := next(trim(k.Data)[1:])
	arg, rest := next(rest)
	if name[0] == '"' {
		name = unquote(name)
	}
	return event{k.ID, !k.HasID, name, arg, rest}
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

// maxArguments is how many an event may have behind the first: each takes more memory than it is long.
const maxArguments = 32

// request routes an event. A body that is an attachment alone is bytes.
func (p *Protocol) request(step *connectors.Step, e event, attachments [][]byte) error {
	var more [][]byte
	for arg, rest := next(e.more); arg != nil; arg, rest = next(rest) {
		if len(more) == maxArguments {
			return ErrPayload
		}
		more = append(more, step.Copy(arg))
	}
	r := step.Request(nil)
	r.Id, r.Notify, r.Route, r.Arguments = e.id, e.notify, p.routeOf(e.name), more
	if len(attachments) > 0 && len(e.arg) > 0 && e.arg[0] == '{' && more == nil {
		if num, ok := placeholder(e.arg); ok {
			r.Body, r.Encoding = attachments[num], messages.Raw
			return nil
		}
	}
	r.Body, r.Attachments = step.Copy(e.arg), attachments
	return nil
}

// said is the inside of what a client in mode Pomelo says, if its packet is written as all of them do. Then
// it need not be read twice, to see that it is JSON and what it holds.
func (p *Protocol) said(k Packet) (inside []byte, ok bool) {
	const head = `["message",`
	if k.Type != Event || p.state != working || !p.settled || p.codec.Mode != Pomelo || !bytes.HasPrefix(k.Data, []byte(head)) {
		return nil, false
	}
	text := k.Data[len(head):]
	n := jsondepth.String(text)
	if n < 0 || string(text[n:]) != "]" {
		return nil, false
	}
	return text[1 : n-1], true
}

// pomelo routes what a pomelo client writes, the inside of a JSON string. No body, and null, are {}, as its
// server has it.
func (p *Protocol) pomelo(step *connectors.Step, inside []byte) error {
	h, err := readHeader(inside)
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
	if len(body) == 0 || body[0] <= 'n' && string(trim(body)) == "null" {
		body = step.Copy(emptyObject)
	}
	r := step.Request(nil)
	r.Id, r.Notify, r.Route, r.Body = uint64(h.id), h.id == 0, p.routeOf(h.route), body
	return nil
}

// maxKept is the longest route that an idle client may hold.
const maxKept = 255

func (p *Protocol) routeOf(route []byte) string {
	if string(route) == p.route {
		return p.route
	}
	fresh := string(route)
	if len(fresh) <= maxKept {
		p.route = fresh
	}
	return fresh
}
