package interop_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	wiremqtt "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// mqttRoom is a server for clients of all kinds on one port, with a route that tells what it is told.
func mqttRoom(t *testing.T, hook actors.HandshakeFunc) (addr string, told <-chan string, fl *supervisor.Fairlead) {
	t.Helper()
	heard := make(chan string, 16)
	room := actors.NewRoute("room")
	actors.HandleRaw(room, "echo", func(_ *actors.Context, body []byte) ([]byte, error) { return body, nil })
	actors.HandleRaw(room, "tell", func(c *actors.Context, body []byte) ([]byte, error) {
		heard <- string(body)
		return nil, nil
	})
	shared := &port.Port{Addr: "127.0.0.1:0"}
	system := quietSystem()
	fl, err := supervisor.Start(system, supervisor.Config{
		Connectors: []connectors.Source{
			&hybrid.Connector{Port: shared}, &sio.Connector{Port: shared},
			&mqtt.Connector{Port: shared, WillRoute: "room.tell"},
		},
		Routes: []actors.Route{room}, Handshake: hook, Logger: nobody,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		fl.Stop()
		system.Shutdown()
	})
	return fl.Addrs("mqtt")[0].String(), heard, fl
}

// mqttPeer is a client whose packets a test writes and reads itself.
type mqttPeer struct {
	mqttPlayer
	t *testing.T
	v wiremqtt.Version
}

func joinMQTT(t *testing.T, addr string, v wiremqtt.Version, id string) *mqttPeer {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	p := &mqttPeer{mqttPlayer{Conn: c}, t, v}
	p.write(wiremqtt.Connect{
		Version: v, CleanStart: true, ClientID: []byte(id), Will: &wiremqtt.Will{Topic: []byte("w"), Payload: []byte(id)},
	}.Append(nil, v))
	return p
}

func (p *mqttPeer) write(b []byte, err error) {
	p.t.Helper()
	if err == nil {
		_, err = p.Write(b)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *mqttPeer) want(what string, t wiremqtt.Type) wiremqtt.Packet {
	p.t.Helper()
	b, err := p.next()
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	packet, _, err := wiremqtt.Cut(b)
	if err != nil || packet.Type != t {
		p.t.Fatalf("%s: got %v, %v, want %v", what, packet, err, t)
	}
	return packet
}

// hears is what the route is told next.
func hears(t *testing.T, told <-chan string) string {
	t.Helper()
	select {
	case s := <-told:
		return s
	case <-time.After(patience):
		t.Fatal("the route is told nothing")
		return ""
	}
}

func TestAnMQTTClientTakesItsOwnPlace(t *testing.T) {
	t.Parallel()
	addr, told, fl := mqttRoom(t, nil)
	for _, v := range []wiremqtt.Version{wiremqtt.V31, wiremqtt.V311, wiremqtt.V5} {
		id := "twin " + v.String()
		first := joinMQTT(t, addr, v, id)
		first.want("CONNACK", wiremqtt.TypeConnack)
		second := joinMQTT(t, addr, v, id)
		second.want("CONNACK", wiremqtt.TypeConnack)
		if v == wiremqtt.V5 {
			d, err := wiremqtt.Decoder{Version: v, FromServer: true}.Disconnect(first.want("farewell", wiremqtt.TypeDisconnect))
			if err != nil || d.Code != wiremqtt.SessionTakenOver {
				t.Errorf("told %v, %v", d.Code, err)
			}
		}
		if _, err := first.next(); err != io.EOF {
			t.Errorf("%v: the first ends with %v", v, err)
		}
		if got, want := hears(t, told), fmt.Sprintf(`{"topic":"w","payload":%q}`, id); got != want {
			t.Errorf("the will says %s, want %s", got, want)
		}
		second.write(wiremqtt.AppendPingreq(nil), nil)
		second.want("the second lives", wiremqtt.TypePingresp)
		second.write(wiremqtt.Disconnect{}.Append(nil, v))
	}
	if n := fl.Stats().Closed[messages.CauseReplaced]; n != 3 {
		t.Errorf("%d closed as replaced, want 3", n)
	}
}

// What an MQTT client sends with its CONNECT waits for a hook that takes its time.
func TestAnMQTTClientDoesNotWaitForTheHook(t *testing.T) {
	t.Parallel()
	may := make(chan struct{})
	addr, told, _ := mqttRoom(t, func(context.Context, *connectors.Hello) (any, error) {
		<-may
		return nil, nil
	})
	c := joinMQTT(t, addr, wiremqtt.V311, "hasty")
	for i := range 3 {
		m := wiremqtt.Publish{Topic: []byte("room/tell"), QoS: 1, ID: uint16(i + 1), Payload: fmt.Append(nil, i)}
		c.write(m.Append(nil, c.v))
	}
	close(may)
	c.want("CONNACK", wiremqtt.TypeConnack)
	for i := range 3 {
		if got := hears(t, told); got != fmt.Sprint(i) {
			t.Errorf("told %s, want %d", got, i)
		}
		c.want("PUBACK", wiremqtt.TypePuback)
	}
}

func TestAllClientsOnOnePort(t *testing.T) {
	t.Parallel()
	addr, _, _ := mqttRoom(t, nil)
	for _, how := range []string{addr, "ws://" + addr, "sio://" + addr} {
		c, err := client.Dial(t.Context(), client.Config{Addr: how})
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if b, err := c.Request(t.Context(), "room.echo", 7); err != nil || string(b) != "7" {
			t.Errorf("%s: %s, %v", how, b, err)
		}
		c.Close()
	}
	ask := wiremqtt.Publish{Topic: []byte("pomelo/req/1/room/echo"), Payload: []byte("7")}
	c := joinMQTT(t, addr, wiremqtt.V311, "on TCP")
	c.want("CONNACK", wiremqtt.TypeConnack)
	c.write(ask.Append(nil, c.v))
	c.want("the answer", wiremqtt.TypePublish)

	d := websocket.Dialer{Subprotocols: []string{"mqtt"}}
	ws, _, err := d.Dial("ws://"+addr+"/mqtt", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	hello, _ := wiremqtt.Connect{Version: wiremqtt.V311, CleanStart: true, ClientID: []byte("on a WebSocket")}.Append(nil, wiremqtt.V311)
	hello, _ = ask.Append(hello, wiremqtt.V311)
	if err := ws.WriteMessage(websocket.BinaryMessage, hello); err != nil {
		t.Fatal(err)
	}
	for _, want := range []wiremqtt.Type{wiremqtt.TypeConnack, wiremqtt.TypePublish} {
		_, b, err := ws.ReadMessage()
		if p, _, bad := wiremqtt.Cut(b); err != nil || bad != nil || p.Type != want {
			t.Errorf("got %x, %v, want %v", b, err, want)
		}
	}
}
