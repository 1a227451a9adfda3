package client

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// packages is pomelo's talk.
type packages struct{}

// accepted is the code of a server that lets the client in (P4.2).
const accepted = 200

// hello is what the client says (P4.1). Dictionary and schemas would be asked
// for in sys.
type hello struct {
	Sys  helloSys `json:"sys"`
	User any      `json:"user,omitempty"`
}

type helloSys struct {
	Type    string   `json:"type"`
	Version string   `json:"version"`
	RSA     struct{} `json:"rsa"`
	Cookie  *string  `json:"cookie,omitempty"` // where there are cookies: empty for none yet
}

// enter says hello and acks the answer.
func (packages) enter(w wire, cfg Config) (in welcome, err error) {
	body, err := json.Marshal(hello{Sys: helloSys{Type: cfg.Type, Version: cfg.Version}, User: cfg.User})
	if err != nil {
		return in, err
	}
	if err := writePackage(w, pomelo.TypeHandshake, body); err != nil {
		return in, err
	}
	answer, rest, err := readAnswer(w)
	if err != nil {
		return in, err
	}
	in.rest = rest
	if in.Handshake, err = parseAnswer(answer); err != nil {
		return in, err
	}
	return in, writePackage(w, pomelo.TypeAck, nil)
}

func writePackage(w wire, typ byte, body []byte) error {
	b, err := pomelo.Package{Type: typ, Body: body}.Append(nil)
	if err != nil {
		return err
	}
	return w.write(b)
}

// readAnswer returns the body of the first handshake package and the packages
// behind it. Others before it mean nothing yet (P3).
func readAnswer(w wire) (body []byte, rest []connectors.Frame, err error) {
	for {
		frames, err := w.read()
		for i, f := range frames {
			p, _, err := pomelo.DecodePackage(f.Data)
			if err != nil {
				return nil, nil, err
			}
			if p.Type == pomelo.TypeHandshake {
				return p.Body, frames[i+1:], nil
			}
		}
		if err != nil {
			return nil, nil, hungUp(err)
		}
	}
}

func parseAnswer(body []byte) (Handshake, error) {
	var answer struct {
		Code      int32
		Msg       string
		Sys, User json.RawMessage
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Handshake{}, fmt.Errorf("client: malformed answer: %w", err)
	}
	if answer.Code != accepted {
		return Handshake{}, fmt.Errorf("client: refused: %w", messages.NewError(answer.Code, answer.Msg))
	}
	var sys struct {
		Heartbeat float64 // seconds
	}
	if len(answer.Sys) > 0 {
		if err := json.Unmarshal(answer.Sys, &sys); err != nil {
			return Handshake{}, fmt.Errorf("client: malformed sys: %w", err)
		}
	}
	return Handshake{
		Sys:       answer.Sys,
		User:      answer.User,
		Heartbeat: time.Duration(sys.Heartbeat * float64(time.Second)),
	}, nil
}

// message makes the package in one piece of memory.
func (packages) message(id uint64, route string, body []byte) ([]byte, error) {
	m := pomelo.Message{Kind: pomelo.KindRequest, ID: id, Route: []byte(route), Body: body}
	if id == 0 {
		m.Kind = pomelo.KindNotify
	}
	const most = pomelo.HeaderLen + 16 // of what is neither route nor body
	b, err := m.Append(make([]byte, pomelo.HeaderLen, most+len(route)+len(body)))
	if err != nil {
		return nil, err
	}
	return pomelo.Package{Type: pomelo.TypeData, Body: b[pomelo.HeaderLen:]}.Append(b[:0])
}

func (packages) beat() []byte {
	b, _ := pomelo.Package{Type: pomelo.TypeHeartbeat}.Append(nil) // fails only for what is too long
	return b
}

func (packages) bye() []byte { return nil }

func (packages) hear(c *Client, f connectors.Frame) error {
	p, _, err := pomelo.DecodePackage(f.Data)
	if err != nil {
		return err
	}
	switch p.Type {
	case pomelo.TypeData:
		return hearMessage(c, p.Body)
	case pomelo.TypeKick:
		return c.takeKick(p.Body)
	}
	return nil // a heartbeat is life, as any package
}

func hearMessage(c *Client, b []byte) error {
	m, err := pomelo.DecodeMessage(b)
	if err != nil {
		return err
	}
	switch m.Kind {
	case pomelo.KindResponse:
		c.calls.answer(m.ID, m.Body)
	case pomelo.KindPush:
		if m.Compressed {
			return ErrDictionary
		}
		c.takePush(string(m.Route), m.Body)
	}
	return nil
}
