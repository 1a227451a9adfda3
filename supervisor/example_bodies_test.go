package supervisor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/memory"
	"github.com/fairlead-go/fairlead/connectors/wire/pomelo"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

type Move struct {
	X, Y int
}

type Moved struct {
	Code int    `json:"code,omitempty"`
	Who  string `json:"who"`
	X    int    `json:"x"`
}

// What Pomelo keeps in config/clientProtos.json and config/serverProtos.json.
const (
	clientProtos = `{"room.move": {"required sInt32 x": 1, "required sInt32 y": 2}}`
	serverProtos = `{"room.move": {"optional uInt32 code": 1, "optional string who": 2, "optional uInt32 x": 3}}`
)

func Example_bodies() {
	room := actors.NewRoute("room")
	actors.Handle(room, "move", func(c *actors.Context, in *Move) (*Moved, error) {
		return &Moved{Who: "ann", X: in.X}, c.Push("onMove", in)
	})

	dict, err := pomelo.NewDictionary(room.Names(), []string{"onMove"}) // room.move is 1, onMove 2
	if err != nil {
		fmt.Println(err)
		return
	}
	protos, err := pomelo.ParseSchemas([]byte(clientProtos), []byte(serverProtos))
	if err != nil {
		fmt.Println(err)
		return
	}
	place := memory.Listen("game") // or an Addr
	game := &hybrid.Connector{Listener: place, Dict: dict, Protos: protos}

	w := raw(place, game, room)
	defer w.close()
	sys := w.shakeHands()
	fmt.Println(string(sys["routeToCode"]), string(sys["useProto"]))

	// A request: flag 01 (code for a route), id 7, code 1, then x and y, zigzag.
	w.send(pomelo.TypeData, []byte("\x01\x07\x00\x01\x08\x54\x10\x03"))
	fmt.Printf("%q\n", w.receive()) // the push by its code, untyped, so JSON
	fmt.Printf("%q\n", w.receive()) // the response, typed
	// Output:
	// {"room.move":1,"onMove":2} true
	// "\a\x00\x02{\"X\":42,\"Y\":-2}"
	// "\x04\a\x12\x03ann\x18*"
}

func Example_ownMessages() {
	room := actors.NewRoute("room")
	actors.HandleRaw(room, "echo", func(c *actors.Context, body []byte) ([]byte, error) { return body, nil })

	place := memory.Listen("game")
	game := &hybrid.Connector{
		Listener: place,
		Decode: func(body []byte) (*messages.Request, error) { // 7 room.echo {"a":1}
			m, parts := &messages.Request{}, bytes.SplitN(body, []byte(" "), 3)
			if len(parts) != 3 {
				return nil, errors.New("want id, route and body") // closes the client
			}
			m.Route, m.Body = string(parts[1]), parts[2]
			return m, json.Unmarshal(parts[0], &m.Id)
		},
		Encode: func(id uint64, route string, body []byte) ([]byte, error) { // 7 room.echo {"a":1}
			return fmt.Appendf(nil, "%d %s %s", id, route, body), nil
		},
	}

	w := raw(place, game, room)
	defer w.close()
	w.shakeHands()
	w.send(pomelo.TypeData, []byte(`7 room.echo {"a":1}`))
	fmt.Printf("%s\n", w.receive())
	// Output: 7 room.echo {"a":1}
}

// bare is a client that speaks packages and nothing else.
type bare struct {
	net.Conn
	fl *supervisor.Fairlead
}

// raw starts a game that listens on place, and makes a client of it.
func raw(place *memory.Listener, game connectors.Connector, routes ...actors.Route) *bare {
	fl, err := supervisor.Start(quietSystem(), supervisor.Config{
		Connectors: []connectors.Source{game}, Routes: routes, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	conn, err := place.Dial()
	if err != nil {
		panic(err)
	}
	return &bare{conn, fl}
}

func (b *bare) close() {
	_ = b.Conn.Close()
	b.fl.Stop()
}

func (b *bare) send(typ byte, body []byte) {
	p, err := pomelo.Package{Type: typ, Body: body}.Append(nil)
	if err == nil {
		_, err = b.Write(p)
	}
	if err != nil {
		panic(err)
	}
}

// receive is the body of the next package that is no heartbeat.
func (b *bare) receive() []byte {
	for {
		head := make([]byte, pomelo.HeaderLen)
		if _, err := io.ReadFull(b, head); err != nil {
			panic(err)
		}
		body := make([]byte, int(head[1])<<16|int(head[2])<<8|int(head[3]))
		if _, err := io.ReadFull(b, body); err != nil {
			panic(err)
		}
		if head[0] != pomelo.TypeHeartbeat {
			return body
		}
	}
}

// shakeHands returns what the server says of itself.
func (b *bare) shakeHands() (sys map[string]json.RawMessage) {
	b.send(pomelo.TypeHandshake, []byte(`{"sys":{}}`))
	var answer struct{ Sys map[string]json.RawMessage }
	if err := json.Unmarshal(b.receive(), &answer); err != nil {
		panic(err)
	}
	b.send(pomelo.TypeAck, nil)
	return answer.Sys
}
