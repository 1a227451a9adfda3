package supervisor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"

	"github.com/gorilla/websocket"

	"github.com/fairlead-go/fairlead/actors"
	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/client"
	"github.com/fairlead-go/fairlead/connectors/hybrid"
	"github.com/fairlead-go/fairlead/connectors/port"
	"github.com/fairlead-go/fairlead/connectors/sio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
	"github.com/fairlead-go/fairlead/supervisor"
)

// page is the front end: it was there before.
var page = http.NotFoundHandler()

// knock is the handshake hook: it sees what the page gave io() as auth.
func knock(_ context.Context, h *connectors.Hello) (user any, err error) {
	var auth struct{ Token, Name string }
	if err := json.Unmarshal(h.User, &auth); err != nil || auth.Token != "gold" {
		return nil, messages.NewError(401, "no ticket") // connect_error with this message
	}
	h.Settings = map[string][]byte{"name": []byte(auth.Name)} // the session has it from its beginning
	return nil, nil
}

func Example_socketIO() {
	chat := actors.NewRoute("chat")
	actors.Handle(chat, "say", func(c *actors.Context, in *Say) (*Said, error) { // socket.emit("chat.say", {Text}, ack)
		room := c.Group("lobby")
		room.Join(c.Socket())
		name := string(c.Session().Settings["name"])
		return &Said{OK: true}, room.Push("onSay", Say{Text: name + ": " + in.Text}) // socket.on("onSay", …)
	})

	p := &port.Port{Addr: "127.0.0.1:0", HTTP: page} // one port for all of them
	fl, err := supervisor.Start(quietSystem(), supervisor.Config{
		Connectors: []connectors.Source{
			&sio.Connector{Port: p, Modes: []socketio.Mode{socketio.Events}}, // at /socket.io/
			&hybrid.Connector{Port: p},                                       // Pomelo's clients, over TCP and WebSocket
		},
		Routes:    []actors.Route{chat},
		Handshake: knock,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer fl.Stop()
	addr := fl.Addrs("sio")[0].String()

	heard := make(chan string, 1)
	ann, err := client.Dial(context.Background(), client.Config{Addr: addr, User: map[string]string{"token": "gold", "name": "ann"}})
	if err != nil {
		log.Fatal(err)
	}
	defer ann.Close()
	ann.On("onSay", func(body []byte) { heard <- string(body) })
	if _, err := ann.Request(context.Background(), "chat.say", Say{"hello"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ann, over TCP:", <-heard)

	// What socket.io-client writes and reads.
	ben, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/socket.io/?EIO=4&transport=websocket", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer ben.Close()
	read := func() string { _, b, _ := ben.ReadMessage(); return string(b) }
	write := func(s string) { _ = ben.WriteMessage(websocket.TextMessage, []byte(s)) }
	read() // the open packet
	write(`40{"token":"gold","name":"ben"}`)
	read() // CONNECT
	write(`420["chat.say",{"Text":"hello"}]`)
	fmt.Println("ben, over socket.io:", read())
	fmt.Println("ben, over socket.io:", read())
	fmt.Println("ann, over TCP:", <-heard)
	// Output:
	// ann, over TCP: {"Text":"ann: hello"}
	// ben, over socket.io: 42["onSay",{"Text":"ben: hello"}]
	// ben, over socket.io: 430[{"OK":true}]
	// ann, over TCP: {"Text":"ben: hello"}
}
