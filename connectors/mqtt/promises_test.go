package mqtt_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/connectortest"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
)

func TestPromises(t *testing.T) {
	for _, v := range versions {
		for name, ws := range map[string]*connectortest.WebSocket{"tcp": nil, "websocket": {Protocol: "mqtt"}} {
			t.Run(v.String()+" "+name, func(t *testing.T) {
				connectortest.Run(t, connectortest.Harness{
					New: func(testing.TB) connectors.Connector { return &mqtt.Connector{Addr: "127.0.0.1:0", SharedIDs: true} },
					At: func(_ testing.TB, place net.Addr) connectors.Connector {
						return &mqtt.Connector{Addr: place.String(), SharedIDs: true}
					},
					WebSocket: ws,
					Client:    func(c net.Conn) connectortest.Client { return &player{c, bufio.NewReader(c), v} },
					Allocs:    100, // the client here makes some for each packet
					Garbage:   []string{"\x00\x00\x00\x00", "\x10\xff\xff\xff\xff\xff", "GARBAGE\r\n\r\n"},
				})
			})
		}
	}
}

// player is the far end of a client in route mode.
type player struct {
	net.Conn
	in *bufio.Reader
	v  wire.Version
}

func (p *player) Join() error {
	if _, err := p.Write(connect(p.v, nil)); err != nil {
		return err
	}
	packet, err := p.read()
	if err != nil {
		return err
	}
	a, err := p.decoder().Connack(packet)
	if err == nil && a.Code != wire.Success {
		err = fmt.Errorf("refused: %v", a.Code)
	}
	return err
}

func (p *player) Request(id uint64, route string, body []byte) []byte {
	return publish(p.v, message(fmt.Sprint(wire.RequestPrefix, id, "/", route), string(body)))
}

func (p *player) Notify(route string, body []byte) []byte {
	return publish(p.v, message(route, string(body)))
}

func (p *player) Next() (connectortest.Message, error) {
	packet, err := p.read()
	if err != nil {
		return connectortest.Message{}, err
	}
	if packet.Type == wire.TypeDisconnect {
		return p.Next() // the end follows
	}
	m, err := p.decoder().Publish(packet)
	topic := string(m.Topic)
	if id, ok := strings.CutPrefix(topic, wire.ResponsePrefix); ok {
		n, err := strconv.ParseUint(id, 10, 64)
		return connectortest.Message{Kind: connectortest.Response, ID: n, Body: m.Payload}, err
	}
	route := strings.TrimPrefix(topic, wire.PushPrefix)
	if route == "onKick" {
		return connectortest.Message{Kind: connectortest.Kick}, err
	}
	return connectortest.Message{Kind: connectortest.Push, Route: route, Body: m.Payload}, err
}

func (p *player) decoder() wire.Decoder { return wire.Decoder{Version: p.v, FromServer: true} }

// read is the next packet, in memory of its own.
func (p *player) read() (wire.Packet, error) {
	for n := 2; ; n++ {
		b, err := p.in.Peek(n)
		if err != nil {
			return wire.Packet{}, err
		}
		if h, head, err := wire.DecodeHeader(b); head > 0 || err != nil {
			b := make([]byte, head+h.Length)
			if _, err := io.ReadFull(p.in, b); err != nil {
				return wire.Packet{}, err
			}
			packet, _, err := wire.Cut(b)
			return packet, err
		}
	}
}
