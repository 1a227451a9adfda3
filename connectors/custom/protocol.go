package custom

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/messages"
)

// ErrEarly ends a client that speaks before it has been let in, where it is told when it is.
var ErrEarly = fmt.Errorf("custom: frame before the client is in: %w", connectors.ErrMalformed)

const defaultHandshakeTime = 5 * time.Second

// state is where a conversation stands.
type state byte

const (
	inited  state = iota // Hello is awaited
	asked                // the application thinks about the client
	welcome              // the client is in, and has said nothing yet
	working              // messages flow
	closed
)

// protocol is one client's conversation.
type protocol struct {
	cfg   *Config
	guest *guest    // nil once the client is in, or gone
	seen  time.Time // when the client last showed life
	state state
}

// guest is a client that is not in yet.
type guest struct {
	connectors.Hello
	until time.Time // when it must be in; zero: never
	let   func()    // lets the wire go on; nil where it does not wait
}

// NewProtocol makes the conversation with the client behind c, for connectors that are written by hand. Name is
// the connector's. All its clients share cfg.
//
// Where there is no handshake, a Conn that has a Gate waits until the client is in; those of Stream do. Frames that
// come before that from others are ErrEarly, if the application takes its time.
func NewProtocol(name string, c connectors.Conn, cfg *Config) connectors.Protocol {
	g := &guest{Hello: connectors.Hello{Connector: name, Transport: c.Transport(), RemoteAddr: c.RemoteAddr()}}
	if c, ok := c.(gated); ok && cfg.Hello == nil {
		c.hold()
		g.let = c.Let
	}
	return &protocol{cfg: cfg, guest: g}
}

// Open asks the application, or waits for the client to introduce itself.
func (p *protocol) Open(step *connectors.Step, now time.Time) {
	p.seen = now
	if d := cmp.Or(p.cfg.HandshakeTime, defaultHandshakeTime); d > 0 {
		p.guest.until = now.Add(d)
	}
	step.ReadLimit = p.cfg.maxFrame()
	step.Expire, _ = p.due()
	if p.cfg.Hello == nil {
		p.ask(step)
	}
}

func (p *protocol) ask(step *connectors.Step) {
	p.state = asked
	step.Hello = &p.guest.Hello
}

// Feed takes one frame.
func (p *protocol) Feed(step *connectors.Step, f connectors.Frame, now time.Time) {
	if p.state == closed {
		return
	}
	p.seen = now
	var err error
	switch {
	case len(f.Data) > p.cfg.maxFrame():
		err = connectors.ErrTooLarge
	case p.state == inited:
		err = p.introduce(step, f.Data)
	case p.state == asked:
		err = ErrEarly
	default:
		p.letIn(step)
		err = p.message(step, f.Data)
	}
	if err != nil {
		p.fail(step, err)
	}
}

func (p *protocol) introduce(step *connectors.Step, frame []byte) error {
	raw := bytes.Clone(frame)
	user, err := p.cfg.Hello(raw)
	if err != nil {
		return err
	}
	p.guest.Raw, p.guest.User = raw, user
	p.ask(step)
	return nil
}

// message routes what Decode makes of a frame. Its panic costs the frame, which is counted.
func (p *protocol) message(step *connectors.Step, frame []byte) error {
	r, panicked, err := p.decode(step.Copy(frame))
	if panicked {
		step.Lost++
		return nil
	}
	if err != nil || r == nil {
		return err
	}
	r.Notify = r.Notify || r.Id == 0
	r.Encoding = cmp.Or(r.Encoding, p.cfg.Encoding)
	step.Requests = append(step.Requests, connectors.Inbound{Request: r})
	return nil
}

func (p *protocol) decode(frame []byte) (r *messages.Request, panicked bool, err error) {
	defer func() { panicked = recover() != nil }()
	r, err = p.cfg.Decode(frame)
	return r, false, err
}

// Welcome lets the client in, or tells it why not.
func (p *protocol) Welcome(step *connectors.Step, user any, err error, now time.Time) {
	if p.state != asked {
		return
	}
	if p.cfg.Welcome != nil {
		b, failed := p.cfg.Welcome(room(step.Send), user, err)
		step.Send, failed = joined(step.Send, b, failed)
		err = cmp.Or(err, failed)
	}
	if err != nil {
		p.close(step, messages.CauseRefused, messages.AsError(err).Error())
		return
	}
	let := p.guest.let
	p.state, p.guest, p.seen = welcome, nil, now
	step.Codec = NewCodec(p.cfg)
	step.Expire, _ = p.due()
	if let != nil {
		let()
	}
}

// letIn says once more that the client is in: its first frame may be there before Welcome's step has been seen to,
// which is another goroutine's.
func (p *protocol) letIn(step *connectors.Step) {
	if p.state == welcome {
		p.state = working
		step.Codec = NewCodec(p.cfg)
	}
}

// Expire closes when the handshake or a sign of life is overdue. Life only sets seen: here the time by which
// Expire must be called moves on.
func (p *protocol) Expire(step *connectors.Step, now time.Time) {
	due, cause := p.due()
	if due.IsZero() || now.Before(due) {
		step.Expire = due
		return
	}
	p.close(step, cause, "")
}

// due is when the conversation ends unless the client does something, and why; the zero time if never.
func (p *protocol) due() (at time.Time, cause messages.Cause) {
	switch {
	case p.state == inited || p.state == asked:
		return p.guest.until, messages.CauseHandshakeTimeout
	case p.state != closed && p.cfg.Timeout > 0:
		return p.seen.Add(p.cfg.Timeout), messages.CauseHeartbeatTimeout
	}
	return time.Time{}, 0
}

func (p *protocol) fail(step *connectors.Step, err error) {
	cause := messages.CauseMalformed
	if errors.Is(err, connectors.ErrTooLarge) {
		cause = messages.CauseTooLarge
	}
	p.close(step, cause, err.Error())
}

func (p *protocol) close(step *connectors.Step, cause messages.Cause, text string) {
	p.state, p.guest = closed, nil
	step.Close = &connectors.Reason{Cause: cause, Text: text}
}
