package supervisor_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/mqtt"
	"github.com/fairlead-go/fairlead/connectors/port"
	wire "github.com/fairlead-go/fairlead/connectors/wire/mqtt"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// checkIn is the handshake hook: it sees what the CONNECT says.
func checkIn(_ context.Context, h *connectors.Hello) (user any, err error) {
	if c := h.Credentials; c == nil || c.Username != "sensor" || string(c.Password) != "gold" {
		return nil, messages.NewError(401, "who is that") // CONNACK 4, in MQTT 5 0x86
	}
	h.Settings = map[string][]byte{"device": []byte(h.Credentials.ClientID)}
	return nil, nil
}

func Example_mqtt() {
	lost := make(chan string, 1)
	greenhouse := actors.NewRoute("greenhouse")
	actors.Handle(greenhouse, "report", func(c *actors.Context, in *Reading) (*Order, error) {
		device := string(c.Session().Settings["device"])
		return &Order{Open: in.Celsius > 30}, c.Push("onThanks", map[string]string{"device": device})
	})
	actors.Handle(greenhouse, "lost", func(c *actors.Context, in *Will) (*Order, error) {
		lost <- in.Topic + ": " + in.Payload
		return nil, nil
	})

	p := &port.Port{Addr: "127.0.0.1:0"} // one port for both
	fl, err := supervisor.Start(quietSystem(), supervisor.Config{
		Connectors: []connectors.Source{
			&mqtt.Connector{Port: p, WillRoute: "greenhouse.lost"}, // TCP; WebSockets at /mqtt
			&hybrid.Connector{Port: p},
		},
		Routes:    []actors.Route{greenhouse},
		Handshake: checkIn,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer fl.Stop()

	// What a client of MQTT 5 writes and reads.
	conn, err := net.Dial("tcp", fl.Addrs("mqtt")[0].String())
	if err != nil {
		log.Fatal(err)
	}
	d := &device{conn, bufio.NewReader(conn)}
	d.write(wire.Connect{
		Version: wire.V5, CleanStart: true, ClientID: []byte("d7"), Username: []byte("sensor"), Password: []byte("gold"),
		Will: &wire.Will{Topic: []byte("d7/gone"), Payload: []byte("no power")},
	}.Append(nil, wire.V5))
	d.read() // CONNACK
	ask := wire.Publish{Topic: []byte("greenhouse/report"), Payload: []byte(`{"Celsius":31}`)}
	ask.Properties.ResponseTopic = []byte("d7/orders")
	d.write(ask.Append(nil, wire.V5))
	for range 2 {
		m, _ := wire.Decoder{Version: wire.V5, FromServer: true}.Publish(d.read())
		fmt.Printf("%s: %s\n", m.Topic, m.Payload)
	}
	conn.Close() // without a DISCONNECT
	fmt.Println("lost:", <-lost)
	// Output:
	// pomelo/push/onThanks: {"device":"d7"}
	// d7/orders: {"Open":true}
	// lost: d7/gone: no power
}

type (
	Reading struct{ Celsius float64 }
	Order   struct{ Open bool }
	Will    struct{ Topic, Payload string }
)

// device is a client's end.
type device struct {
	net.Conn
	in *bufio.Reader
}

func (d *device) write(b []byte, err error) {
	if err == nil {
		_, err = d.Write(b)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// read is the next packet.
func (d *device) read() wire.Packet {
	for n := 2; ; n++ {
		b, err := d.in.Peek(n)
		if err != nil {
			log.Fatal(err)
		}
		if p, _, err := wire.Cut(b); err == nil {
			_, _ = d.in.Discard(n)
			return p
		}
	}
}
