package socketio_test

import (
	"fmt"
	"net"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// A client comes in, asks, and is answered.
func ExampleProtocol() {
	cfg := socketio.Config{}.WithDefaults()
	p := socketio.NewProtocol(&cfg, socketio.Seat{Version: engineio.V4, SID: "Yb2c"})
	var step connectors.Step
	p.Open(&step, time.Now()) // step.Hello is for the application

	step.Reset()
	p.Welcome(&step, nil, nil, time.Now())
	fmt.Println(texts(step.Send))

	step.Reset()
	p.Feed(&step, connectors.Frame{Data: []byte(`20["room.say",{"text":"hi"}]`), Text: true}, time.Now())
	r := step.Requests[0]
	fmt.Println(r.Route, string(r.Body))

	answer, err := step.Codec.AppendResponse(nil, connectors.Origin{ID: r.Id}, r.Reply([]byte(`{"ok":true}`)))
	fmt.Println(texts(socketio.Join(nil, net.Buffers{answer}, socketio.Main)), err)

	// Output:
	// [40{"sid":"Yb2c"}]
	// room.say {"text":"hi"}
	// [430[{"ok":true}]] <nil>
}

// What waits for a pomelo client leaves as one packet.
func ExampleJoin() {
	codec := socketio.Codec{Version: engineio.V4, Mode: socketio.Pomelo}
	one, _ := codec.AppendPush(nil, &messages.Push{Route: "onAdd", Body: []byte(`1`)})
	two, _ := codec.AppendPush(nil, &messages.Push{Route: "onAdd", Body: []byte(`2`)})
	fmt.Println(texts(socketio.Join(nil, net.Buffers{one, two}, socketio.Main))[0])

	// Output:
	// 42["message","[{\"route\":\"onAdd\",\"body\":1},{\"route\":\"onAdd\",\"body\":2}]"]
}
