package socketio_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-go/fairlead/connectors"
	"github.com/fairlead-go/fairlead/connectors/wire/socketio"
	"github.com/fairlead-go/fairlead/messages"
)

// askedIn is a request as clients of a mode send it.
var askedIn = map[socketio.Mode]string{
	socketio.Pomelo: `2["message","\u0000\u0000\u0000\u0001\u001bconnector.entryHandler.echo{\"name\":\"ann\",\"x\":12.5,\"y\":-3,\"text\":\"hello\"}"]`,
	socketio.Events: `217["connector.entryHandler.echo",{"name":"ann","x":12.5,"y":-3,"text":"hello"}]`,
}

func TestARequestAllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties the pool of encoding/json")
	}
	for mode, packet := range askedIn {
		l := enter(socketio.Config{}, in(mode))
		f := connectors.Frame{Data: []byte(packet), Text: true}
		n := testing.AllocsPerRun(100, func() {
			l.step.Reset()
			l.Feed(&l.step, f, time.Time{})
		})
		if n > 2 || len(l.step.Requests) != 1 { // the request and its body
			t.Errorf("mode %d: %v allocations, want at most 2", mode, n)
		}
	}
}

func BenchmarkFeed(b *testing.B) {
	for mode, packet := range askedIn {
		b.Run(fmt.Sprintf("mode=%d/bytes=%d", mode, len(packet)), func(b *testing.B) {
			l := enter(socketio.Config{}, in(mode))
			f := connectors.Frame{Data: []byte(packet), Text: true}
			b.SetBytes(int64(len(packet)))
			b.ReportAllocs()
			for b.Loop() {
				l.step.Reset()
				l.Feed(&l.step, f, time.Time{})
			}
		})
	}
}

func BenchmarkPush(b *testing.B) {
	p := &messages.Push{Route: "onChat", Body: []byte(`{"from":"ann","text":"` + strings.Repeat("hello ", 10) + `"}`)}
	for name, codec := range map[string]socketio.Codec{"pomelo": pomeloCodec, "pomelo3": pomeloCodec3, "event": eventCodec, "event3": eventCodec3} {
		b.Run(fmt.Sprintf("mode=%s/body=%d", name, len(p.Body)), func(b *testing.B) {
			room := make([]byte, 0, 1024)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = codec.AppendPush(room, p)
			}
		})
	}
}

func BenchmarkJoin(b *testing.B) {
	part, err := pomeloCodec.AppendPush(nil, &messages.Push{Route: "onChat", Body: []byte(`{"from":"ann","text":"hello"}`)})
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprintf("parts=%d/part=%d", n, len(part)), func(b *testing.B) {
			var packages net.Buffers
			for range n {
				packages = append(packages, part)
			}
			room := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				_ = socketio.Join(room, packages, "")
			}
		})
	}
}
