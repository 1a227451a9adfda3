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

// ErrEarly ends a client that says too much before it has been let in.
var ErrEarly = fmt.Errorf("custom: more than one frame may have before the client is in: %w", connectors.ErrTooLarge)

const defaultHandshakeTime = 5 * time.Second

// state is where a conversation stands.
type state byte

const (
	inited  state = iota // Hello is awaited
	asked                // the application thinks about the client
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
	early [][]byte  // frames that wait until it is
	size  int       // of these
}

// earlyCost is what a frame that waits takes beside its bytes.
const earlyCost = 64

// NewProtocol makes the conversation with the client behind c, for connectors that are written by hand. Name is
// the connector's. All its clients share cfg.
//
// Frames that come before the client is in wait for that, up to Config.MaxFrame bytes of them: without a handshake clients
// do not know that the application is asked.
func NewProtocol(name string, c connectors.Conn, cfg *Config) connectors.Protocol {
	g := &guest{Hello: connectors.Hello{Connector: name, Transport: c.Transport(), RemoteAddr: c.RemoteAddr()}}
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
		err = p.postpone(f.Data)
	default:
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

// postpone keeps a frame until the client is in.
func (p *protocol) postpone(frame []byte) error {
	g := p.guest
	if g.size += earlyCost + len(frame); g.size > p.cfg.maxFrame() && len(g.early) > 0 {
		return ErrEarly
	}
	g.early = append(g.early, bytes.Clone(frame))
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
	early := p.guest.early
	p.state, p.guest, p.seen = working, nil, now
	step.Codec = NewCodec(p.cfg)
	step.Expire, _ = p.due()
	for _, frame := range early {
		if err := p.message(step, frame); err != nil {
			p.fail(step, err)
			return
		}
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
