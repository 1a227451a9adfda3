package connectortest

import (
	"encoding/json"
	"fmt"
	"net"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
)

// Pomelo makes the far end of a wire that carries Pomelo's packages, one behind the other: a stream, the
// messages of a WebSocket, datagrams.
func Pomelo(wire net.Conn) Client { return &packages{wire: wire, buf: make([]byte, 64<<10)} }

// packages is a Client that speaks Pomelo's packages.
type packages struct {
	wire    net.Conn
	buf     []byte
	cut     pomelo.Stream
	waiting []connectors.Frame
}

// Join says hello and acks the answer.
func (p *packages) Join() error {
	if err := p.say(pomelo.TypeHandshake, `{"sys":{"type":"connectortest","version":"1"}}`); err != nil {
		return err
	}
	for {
		k, err := p.read()
		if err != nil {
			return err
		}
		switch k.Type {
		case pomelo.TypeKick:
			return fmt.Errorf("kicked: %s", k.Body)
		case pomelo.TypeHandshake:
			if err := admitted(k.Body); err != nil {
				return err
			}
			return p.say(pomelo.TypeAck, "")
		}
	}
}

// admitted is why an answer to hello does not let the client in, or nil.
func admitted(answer []byte) error {
	var a struct {
		Code int32
		Msg  string
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return err
	}
	if a.Code != 200 {
		return messages.NewError(a.Code, a.Msg)
	}
	return nil
}

func (p *packages) say(typ byte, body string) error {
	_, err := p.wire.Write(pack(typ, []byte(body)))
	return err
}

func pack(typ byte, body []byte) []byte {
	b, err := pomelo.Package{Type: typ, Body: body}.Append(nil)
	if err != nil {
		panic(err) // it is larger than any package
	}
	return b
}

func (p *packages) Request(id uint64, route string, body []byte) []byte {
	return data(pomelo.Message{Kind: pomelo.KindRequest, ID: id, Route: []byte(route), Body: body})
}

func (p *packages) Notify(route string, body []byte) []byte {
	return data(pomelo.Message{Kind: pomelo.KindNotify, Route: []byte(route), Body: body})
}

func data(m pomelo.Message) []byte {
	b, err := m.Append(nil)
	if err != nil {
		panic(err) // the suite's routes and ids are short
	}
	return pack(pomelo.TypeData, b)
}

func (p *packages) Next() (Message, error) {
	for {
		k, err := p.read()
		switch {
		case err != nil:
			return Message{}, err
		case k.Type == pomelo.TypeKick:
			return Message{Kind: Kick}, nil
		case k.Type == pomelo.TypeData:
			return message(k.Body)
		}
	}
}

func message(b []byte) (Message, error) {
	m, err := pomelo.DecodeMessage(b)
	switch {
	case err != nil:
		return Message{}, err
	case m.Kind == pomelo.KindResponse:
		return Message{Kind: Response, ID: m.ID, Body: m.Body}, nil
	case m.Kind == pomelo.KindPush:
		return Message{Kind: Push, Route: string(m.Route), Body: m.Body}, nil
	}
	return Message{}, fmt.Errorf("the server sends a message of kind %d", m.Kind)
}

// read waits for the next package, whose body may be kept.
func (p *packages) read() (pomelo.Package, error) {
	for len(p.waiting) == 0 {
		n, err := p.wire.Read(p.buf)
		frames, bad := p.cut.Feed(p.buf[:n], nil)
		for _, f := range frames {
			p.waiting = append(p.waiting, connectors.Frame{Data: append([]byte(nil), f.Data...)})
		}
		if bad != nil {
			err = bad
		}
		if err != nil && len(p.waiting) == 0 {
			return pomelo.Package{}, err
		}
	}
	f := p.waiting[0]
	p.waiting = p.waiting[1:]
	k, _, err := pomelo.DecodePackage(f.Data)
	return k, err
}
