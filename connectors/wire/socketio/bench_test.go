package socketio_test

import (
	"net"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/engineio"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/connectors/wire/websocket"
	"github.com/fairlead-go/fairlead/messages"
)

const benchBody = `{"content":"a body of some sixty bytes, as games have them"}`

func BenchmarkRequest(b *testing.B) {
	for name, mode := range map[string]socketio.Mode{"pomelo": socketio.Pomelo, "event": socketio.Events} {
		b.Run("mode="+name+"/body=60", func(b *testing.B) {
			cfg := socketio.Config{}.WithDefaults()
			p := socketio.NewProtocol(&cfg, socketio.Seat{Version: engineio.V4, SID: "x", Mode: mode})
			var step connectors.Step
			now := time.Now()
			p.Welcome(&step, nil, nil, now)
			c := socketio.Codec{Version: engineio.V4, Mode: mode}
			frame, err := c.AppendRequest(nil, &messages.Request{Id: 7, Route: "lobby.echo", Body: []byte(benchBody)})
			if err != nil {
				b.Fatal(err)
			}
			_, text, _, _ := websocket.Cut(frame)
			f := connectors.Frame{Data: text[1:], Text: true}
			b.ReportAllocs()
			for b.Loop() {
				step.Reset()
				p.Feed(&step, f, now)
			}
			if len(step.Requests) != 1 {
				b.Fatal("no request")
			}
		})
	}
}

func BenchmarkResponse(b *testing.B) {
	for name, mode := range map[string]socketio.Mode{"pomelo": socketio.Pomelo, "event": socketio.Events} {
		b.Run("mode="+name+"/body=60", func(b *testing.B) {
			c := socketio.Codec{Version: engineio.V4, Mode: mode}
			var one, wire []byte
			r := &messages.Response{Body: []byte(benchBody)}
			b.ReportAllocs()
			for b.Loop() {
				one, _ = c.AppendResponse(one[:0], connectors.Origin{ID: 7}, r)
				wire = socketio.Join(wire[:0], net.Buffers{one}, "")
			}
		})
	}
}
