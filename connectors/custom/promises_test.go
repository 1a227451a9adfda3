package custom_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/connectors/custom"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/messages"
)

// kickLine is the farewell on a wire of lines.
func kickLine(dst []byte, k *messages.Kick) ([]byte, error) {
	reason, err := json.Marshal(k.Reason)
	if err != nil {
		return dst, err
	}
	return writeLine(dst, custom.Message{Route: "!kick", Body: reason})
}

// A wire of JSON behind its size in four bytes.
func readSized(frame []byte) (*messages.Request, error) { return readLine(frame[4:]) }

func sized(write func(dst []byte, m custom.Message) ([]byte, error)) func(dst []byte, m custom.Message) ([]byte, error) {
	return func(dst []byte, m custom.Message) ([]byte, error) {
		b, err := write(nil, m)
		return append(binary.BigEndian.AppendUint32(dst, uint32(len(b))), b...), err
	}
}

func kickSized(dst []byte, k *messages.Kick) ([]byte, error) {
	return sized(func(dst []byte, _ custom.Message) ([]byte, error) { return kickLine(dst, k) })(dst, custom.Message{})
}

// talker is the far end of either.
type talker struct {
	wire  connectors.Conn
	sized bool
	heard [][]byte
}

func newTalker(cut custom.Cut, sized bool) func(net.Conn) connectortest.Client {
	return func(wire net.Conn) connectortest.Client {
		return &talker{wire: custom.Stream(wire, custom.StreamConfig{Cut: cut, MaxFrame: 1 << 30, FrameTime: -1}), sized: sized}
	}
}

func (*talker) Join() error { return nil }

func (c *talker) Request(id uint64, route string, body []byte) []byte {
	b := fmt.Appendf(nil, `{"id":%d,"route":%q,"body":%s}`+"\n", id, route, body)
	if c.sized {
		b = append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
	}
	return b
}

func (c *talker) Notify(route string, body []byte) []byte { return c.Request(0, route, body) }

func (c *talker) Next() (connectortest.Message, error) {
	for len(c.heard) == 0 {
		frames, err := c.wire.ReadFrames()
		if err != nil && len(frames) == 0 {
			return connectortest.Message{}, err
		}
		for _, f := range frames {
			c.heard = append(c.heard, bytes.Clone(f.Data))
		}
	}
	b := c.heard[0]
	c.heard = c.heard[1:]
	if c.sized {
		b = b[4:]
	}
	var m line
	err := json.Unmarshal(b, &m)
	switch {
	case m.ID > 0:
		return connectortest.Message{Kind: connectortest.Response, ID: m.ID, Body: m.Body}, err
	case m.Route == "!kick":
		return connectortest.Message{Kind: connectortest.Kick}, err
	}
	return connectortest.Message{Kind: connectortest.Push, Route: m.Route, Body: m.Body}, err
}

func TestPromises(t *testing.T) {
	t.Run("sized", func(t *testing.T) {
		cfg := custom.Config{Decode: readSized, Encode: sized(writeLine), EncodeKick: kickSized}
		promises(t, custom.Prefixed(4), cfg, connectortest.Harness{Client: newTalker(custom.Prefixed(4), true)})
	})
	t.Run("lines", func(t *testing.T) { // do not announce their size
		cfg := custom.Config{Decode: readLine, Encode: writeLine, EncodeKick: kickLine}
		promises(t, custom.Lines, cfg, connectortest.Harness{Client: newTalker(custom.Lines, false), Limit: -1})
	})
	t.Run("with a handshake", func(t *testing.T) {
		cfg := custom.Config{
			Decode: readLine, Encode: writeLine, EncodeKick: kickLine,
			Hello: bytesOf, Welcome: answerHello,
		}
		promises(t, custom.Lines, cfg, connectortest.Harness{
			Client: func(wire net.Conn) connectortest.Client {
				return polite{newTalker(custom.Lines, false)(wire).(*talker)}
			},
			Limit: -1,
		})
	})
}

// bytesOf takes a line for an introduction if it is JSON.
func bytesOf(frame []byte) ([]byte, error) {
	_, err := readLine(frame)
	return frame, err
}

// polite is a talker that says hello, and waits for the answer.
type polite struct{ *talker }

func (p polite) Join() error {
	if err := p.wire.Write(net.Buffers{[]byte(`{"route":"hello"}` + "\n")}); err != nil {
		return err
	}
	m, err := p.Next()
	if err == nil && m.Route != "hello" {
		err = fmt.Errorf("answered %s", m.Body)
	}
	return err
}

// answerHello is the welcome on a wire of lines.
func answerHello(dst []byte, _ any, err error) ([]byte, error) {
	route := "hello"
	if err != nil {
		route = "no"
	}
	return writeLine(dst, custom.Message{Route: route, Body: []byte("{}")})
}

func promises(t *testing.T, cut custom.Cut, cfg custom.Config, h connectortest.Harness) {
	at := func(addr string) connectors.Connector {
		return &custom.Connector{Port: &port.Port{Addr: addr}, Cut: cut, Config: cfg}
	}
	h.New = func(testing.TB) connectors.Connector { return at("127.0.0.1:0") }
	h.At = func(_ testing.TB, place net.Addr) connectors.Connector { return at(place.String()) }
	h.Allocs = 90 // most of them encoding/json's
	connectortest.Run(t, h)
}
