package client

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// Handshake is what the server answered a client that it let in.
type Handshake struct {
	// Sys and User are the members of those names as the server wrote them, nil
	// if it did not.
	Sys, User json.RawMessage
	// Heartbeat is the interval that Sys tells, zero if none.
	Heartbeat time.Duration
}

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
}

// shakeHands says hello and acks the answer. It also returns the packages that
// came right behind the answer.
func shakeHands(ctx context.Context, w wire, cfg Config) (h Handshake, rest []connectors.Frame, err error) {
	stop := context.AfterFunc(ctx, func() { w.close() })
	h, rest, err = exchange(w, cfg)
	if !stop() {
		err = ctx.Err()
	}
	return h, rest, err
}

func exchange(w wire, cfg Config) (h Handshake, rest []connectors.Frame, err error) {
	body, err := json.Marshal(hello{Sys: helloSys{Type: cfg.Type, Version: cfg.Version}, User: cfg.User})
	if err != nil {
		return h, nil, err
	}
	if err := writePackage(w, pomelo.TypeHandshake, body); err != nil {
		return h, nil, err
	}
	answer, rest, err := readAnswer(w)
	if err != nil {
		return h, nil, err
	}
	if h, err = parseAnswer(answer); err != nil {
		return h, nil, err
	}
	return h, rest, writePackage(w, pomelo.TypeAck, nil)
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
